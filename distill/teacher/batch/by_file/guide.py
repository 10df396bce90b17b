"""What a person does with request files: the command to run, and the README that lies beside them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

REQUESTS, RESULTS, DONE = "requests", "results", "done"
README = f"""# Requests that wait for their answers

distill wrote `{REQUESTS}/*.jsonl`: OpenAI batch files, a request a line. Whoever answers them, on whatever machine, puts the
answers into `{RESULTS}/`: files in the shape of OpenAI's batch output, under any name, also gzipped. Then run the same `distill`
command again. It takes in what has come, moves the result files to `{DONE}/`, and goes on.

With vLLM, in this folder; each file names its model:

```sh
for f in {REQUESTS}/*.jsonl; do
  model=$(sed -n '1s/.*"model":"\\([^"]*\\)".*/\\1/p' "$f")
  vllm run-batch -i "$f" -o "{RESULTS}/${{f##*/}}" --model "$model"
done
```

If the weights lie in a folder of their own, name both: `--model FOLDER --served-model-name "$model"`.

- Rows are matched by their custom_id. Parts of a file, files with errors, and one result file for many request files are taken.
- A request file is done once every row of it has a line. Until then distill waits, and says how many of how many are there.
- Do not change a request file: the answers are kept as answers to the rows as distill wrote them.
- To go on without the rows that never came, run once with `--set teacher.batch.give_up_missing=true`. They are asked again.
"""


def command(folder: Path, names: Sequence[str], model: str) -> str:
    """The command that answers request files with vLLM: of one file, or a loop over those whose names begin as these do."""
    asked = f"--model {shlex.quote(model)}"
    if len(names) == 1:
        given, made = (shlex.quote(str(folder / kind / f"{names[0]}.jsonl")) for kind in (REQUESTS, RESULTS))
        return f"vllm run-batch -i {given} -o {made} {asked}"
    begin = {name.rpartition("-")[0] for name in names}
    files = f"{REQUESTS}/{begin.pop()}-*.jsonl" if len(begin) == 1 else f"{REQUESTS}/*.jsonl"
    loop = f'for f in {files}; do vllm run-batch -i "$f" -o "{RESULTS}/${{f##*/}}" {asked}; done'
    return f"cd {shlex.quote(str(folder))} && {loop}"
