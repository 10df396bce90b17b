"""Approved rows through `distill generate`, `curate` and `export`, each a process as a user starts it.

    python benchmarks/commands.py --count 10000 100000 1000000

Makes a task of so many rows of approved work (the texts of curation.py) with the twelve gates that need no model, in a
folder of its own. Prints one JSON object a size: of each command the seconds and the most memory it held.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml
from curation import SCHEMA, SETTINGS, samples

VERBS = ("generate", "curate", "export")


def write(folder: Path, count: int) -> None:
    """A task whose rows are approved; half of them are wanted."""
    rows = samples(count).select("input", "answer").iter_rows()
    with (folder / "seeds.jsonl").open("w") as file:
        file.writelines(json.dumps({"message": text, "expected": _known(answer)}) + "\n" for text, answer in rows)
    (folder / "answer.schema.json").write_text(json.dumps(SCHEMA))
    (folder / "prompt.md").write_text("Sort the message.\n\n[user]\n{{message}}\n")
    task = {
        "task": "many", "about": "Sort messages.",
        "seeds": {"from": "seeds.jsonl", "gold": "expected", "gold_rows": "train", "test": {"rows": 100, "gold": True}},
        "teacher": {"model": "embedded/smollm2-135m", "prompt": "prompt.md", "output": "answer.schema.json"},
        "gates": ["schema", *({name: given} if given else name for name, given in SETTINGS[1:])],
        "dedup": {"compare": ["intent", "urgency"]},
        "dataset": {"accept": count // 2, "valid": 0.1},
        "student": {"prompt": "prompt.md", "train": {"with": "none"}},
        "evaluate": {"arms": ["teacher"], "metrics": ["schema"]},
    }  # fmt: skip
    (folder / "task.yaml").write_text(yaml.safe_dump(task, sort_keys=False))


def _known(answer: str) -> object:
    """An answer that is no JSON is the reply of one that is."""
    try:
        return json.loads(answer)
    except ValueError:
        return {"intent": "intent 1", "urgency": "low", "reply": answer}


def one(count: int) -> dict[str, object]:
    """Each command's seconds and MiB; the rows that it ended with."""
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        write(folder, count)
        found: dict[str, object] = {"rows": count}
        for verb in VERBS:
            # Other settings than `generate` curated with, or there would be nothing to do.
            changed = ["--set", "dedup.near=0.86"] if verb != "generate" else []
            found[verb] = _measured([sys.executable, "-m", "distill", verb, str(folder / "task.yaml"), *changed])
        funnel = json.loads((folder / "runs" / "many" / "001" / "funnel.json").read_bytes())
        return found | {"kept": funnel["kept"], "dropped": funnel["total"]["dropped"]}


def _measured(command: list[str]) -> dict[str, float]:
    started = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return {"seconds": round(time.monotonic() - started, 1), "peak_mib": round(usage.ru_maxrss / 1024)}


def main() -> None:
    """One size after the other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, nargs="+", default=[10_000])
    for count in parser.parse_args().count:
        print(json.dumps(one(count)))


if __name__ == "__main__":
    main()
