"""Files of seeds in every form, and what is taken from one."""

import json

from distill.seeds.load import read
from distill.seeds.rows_to_seeds import SeedColumns

TWO = ["Grüße, wo bleibt es?", "Die Lampe – „schön“"]
ROWS = [{"message": TWO[0], "label": "a"}, {"message": TWO[1], "label": "b"}]


def table(delimiter=",", end="\n", quote='"'):
    cells = [["message", "label"], *([row["message"], row["label"]] for row in ROWS)]
    return (
        end.join(delimiter.join(quote + c + quote if "," in c or "“" in c else c for c in row) for row in cells) + end
    )


def lines(*rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def taken(path, **how):
    """(messages, dropped rows as `line: detail`, notes)."""
    notes = []
    given = {"strict": False, "notes": notes} | how
    columns = SeedColumns(variables=given.pop("variables", ["message"]))
    seeds, dropped = read([path], columns, **given)
    said = [f"{row.split(':')[-1]}: {detail}" for row, detail in dropped.select("row", "detail").iter_rows()]
    return [seed.fields["message"] for seed in seeds], said, notes
