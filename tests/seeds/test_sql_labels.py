"""Labels by rule: an expression over one row, which reads nothing and looks at nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill.errors import SpecError
from distill.seeds import load, sql_labels
from distill.seeds.rows_to_seeds import SeedColumns

COLUMNS = ["message", "n", "tone"]


def told(text: str) -> str:
    """What is wrong with a rule."""
    found, faults = sql_labels.parse({"size": text}, columns=COLUMNS)
    assert not found
    return str(faults[0])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("LENGTH(mesage) > 3", "no column 'mesage'; did you mean 'message'?"),
        ("lenght(message)", "unsupported function 'lenght'"),
        ("CASE WHEN", "the CASE is incomplete; expected CASE WHEN … THEN … ELSE … END"),
        ("case", "the CASE is incomplete"),
        ("CASE WHEN n > 3", "no SQL expression"),
        ("message; DROP TABLE seeds", "unexpected token ';'"),
        ("", "no SQL expression"),
        ("*", "no SQL expression"),
        ("'all'", "looks at no column"),
        ("COUNT(*)", "looks at no column"),
        ("LENGTH(message) > AVG(LENGTH(message))", "more than one row"),
        ("n > MAX(n) OVER (PARTITION BY tone)", "more than one row"),
        ("ROW_NUMBER() OVER (ORDER BY n)", "more than one row"),
        ("CASE WHEN n > 3 THEN CURRENT_TIMESTAMP END", "looks at the clock"),
        ("(SELECT 1)", "no subquery"),
        ("n IN (VALUES (1))", "no subquery"),
        ("message LIKE '%a%' AND n % 2 = 1 AND EXISTS(SELECT 1)", "no subquery"),
        ("n IN (SELECT n FROM self)", "relation 'self' was not found"),
    ],
)
def test_what_is_no_rule_is_said(text: str, said: str) -> None:
    """Unknown columns with the nearest, bad SQL with its message, and what hangs on other rows."""
    assert said in told(text)


@pytest.mark.parametrize(
    "text",
    [
        "(SELECT a FROM read_csv('{path}'))",
        "n IN (FROM read_csv('{path}'))",
        "EXISTS(SELECT 1 FROM \"read_csv\"('{path}'))",
        "n = ANY(SELECT a FROM Read_Parquet('{path}'))",
        "n IN (SELECT a FROM read_json/**/('{path}'))",
    ],
)
def test_a_rule_never_opens_a_file(tmp_path: Path, text: str) -> None:
    """polars would open it as soon as the expression is parsed; a pipe that nobody writes to would hang for ever."""
    import os

    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    assert "reads no files" in told(text.format(path=pipe))


@pytest.mark.parametrize(
    "text",
    [
        "message LIKE '%refund%'",
        "message NOT LIKE '%subplan%' AND n % 2 = 1",
        "message ILIKE '%REFUND%'",
        "message ~ 'refund'",
        "message ~* 'REFUND'",
        "REGEXP_LIKE(message, 'refund')",
        "message REGEXP 'refund'",
        "STARTS_WITH(message, 'refund')",
        "STRPOS(message, 'refund') > 0",
        "CASE WHEN n BETWEEN 1 AND 3 AND message LIKE 'refund%' THEN TRUE ELSE FALSE END",
        "REPLACE(REPLACE(LOWER(message), 'it', 'this'), ' ', '') = 'refundthis'",
        "CONCAT(message, tone, message) LIKE 'refund%'",
        "SPLIT_PART(message, ' ', 1) = 'refund'",
    ],
)
def test_a_rule_may_look_for_a_text_in_a_text(text: str) -> None:
    """What a rule is for: a word or a pattern in a column of texts, with numbers beside it."""
    (rule,), faults = sql_labels.parse({"x": text}, columns=COLUMNS)
    assert not faults
    rows = {"message": ["refund it", "where is it"], "n": [1, 2], "tone": ["a", "b"]}
    assert sql_labels.labels(rule, rows) == ["true", "false"]


def test_a_pattern_over_numbers_is_told_on_the_values() -> None:
    """Only the values say that a column holds no texts."""
    (rule,), faults = sql_labels.parse({"x": "n LIKE '%1%'"}, columns=COLUMNS)
    assert not faults
    with pytest.raises(ValueError, match="expected String type, got: i64"):
        sql_labels.labels(rule, {"n": [1, 2]})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("n" + "+n" * 500, "more than 200 operators"),
        ("n > 1" + " AND n > 1" * 300, "more than 200 operators"),
        ("n" + "+n" * 30_000, "60,001 characters, expected at most 4,000"),
        ("message LIKE '" + "x" * 4000 + "'", "4,015 characters"),
        ("LPAD(message, 2000000000, 'x')", "up to 10,000"),
        ("UPPER(RPAD(message, 10001))", "up to 10,000"),
        ("RPAD(message, 10000 * 10000)", "up to 10,000"),
        ("LPAD(message, n, 'x')", "up to 10,000"),
        (
            f"{'REPLACE(' * 6}message{(', ' + repr('a') + ', ' + repr('a' * 32) + ')') * 6} LIKE 'b'",
            "more than 100 times",
        ),
        ("REPLACE(REPLACE(message, 'a', message), 'a', message)", "take plain texts"),
        ("REPLACE(message, tone, 'aa')", "take plain texts"),
        ("REPLACE(message, '', '" + "a" * 100 + "')", "more than 100 times"),
        ("ARRAY_TO_STRING(STRING_TO_ARRAY(message, 'a'), '" + "a" * 100 + "')", "more than 100 times"),
        ("ARRAY_TO_STRING(STRING_TO_ARRAY(message, 'a'), tone)", "take plain texts"),
        (
            f"LENGTH({'REPLACE(' * 4}CONCAT(message, tone){(', ' + repr('a') + ', ' + repr('aaaa') + ')') * 4}) > 3",
            "more than 100 times",
        ),
        (
            "CASE WHEN n > 1 THEN " + "REPLACE(" * 7 + "message" + ", 'a', 'aa')" * 7 + " ELSE 'x' END",
            "more than 100 times",
        ),
        (f"{'CAST(' * 120}message{' AS VARCHAR)' * 120}", "brackets 120 deep, expected at most 40"),
        (f"{'ARRAY[' * 100}message{']' * 100}", "brackets 100 deep"),
        ("LENGTH(GENERATE_SERIES(1, LENGTH(message) * 100000000))", "a range of numbers"),
        ("GENERATE_SERIES(1, LENGTH(message) * 100000000)", "a range of numbers"),
        ("CASE WHEN message ILIKE '" + "%_" * 1500 + "b' THEN 'x' END", "repeats too much"),
        ("REGEXP_LIKE(message, '(a{1,100}){1,100}b')", "repeats too much"),
        ("message ~ '(.{1,500}a){1,5}b'", "repeats too much"),
    ],
    ids=lambda text: text[:20],
)
def test_what_would_take_the_process_down_is_refused(text: str, said: str) -> None:
    """Long chains end in a crash inside polars, and a padded text in all the memory there is."""
    assert said in told(text)


@pytest.mark.parametrize("text", ["n" + "+n" * 190, "n > 0" + " AND n > 0" * 190, "n IN (1" + ",1" * 1900 + ")"])
def test_a_rule_within_the_limits_is_computed(text: str) -> None:
    """A chain just below the limit, and a list of any length within the text's."""
    (rule,), faults = sql_labels.parse({"x": text}, columns=COLUMNS)
    assert not faults
    assert sql_labels.labels(rule, {"n": [1]}) in (["191"], ["true"])
    (rule,), _ = sql_labels.parse({"x": "LPAD(message, 5, '.')"}, columns=COLUMNS)
    assert sql_labels.labels(rule, {"message": ["a"]}) == ["....a"]


def test_a_panic_of_polars_is_a_fault_of_the_rule() -> None:
    """Its panics are no `Exception`: a decimal of more digits than it has room for went up to the user as a traceback."""
    (rule,), faults = sql_labels.parse({"x": "CAST(message AS DECIMAL(1000, 900))"}, columns=COLUMNS)
    assert not faults
    with pytest.raises(ValueError, match="assertion failed"):
        sql_labels.labels(rule, {"message": ["1"]})


def test_brackets_inside_of_a_text_are_no_nesting() -> None:
    """And as many wildcards as a real pattern has are fine."""
    text = "CASE WHEN message LIKE '" + "(" * 60 + "' OR message LIKE '%re_und%or_er%' THEN 'a' ELSE 'b' END"
    (rule,), faults = sql_labels.parse({"x": text}, columns=COLUMNS)
    assert not faults
    assert sql_labels.labels(rule, {"message": ["refund order", "x"]}) == ["a", "b"]


def test_an_aggregate_that_polars_does_not_tell_is_found_on_the_rows() -> None:
    """Below an IN the structure says nothing; half of the rows alone must give what all give."""
    found, faults = sql_labels.parse({"x": "MAX(CASE WHEN tone IN ('a') THEN n ELSE 0 END) > n"}, columns=COLUMNS)
    assert not faults
    with pytest.raises(ValueError, match="more than one row"):
        sql_labels.labels(found[0], {"tone": ["a", "b", "a", "b"], "n": [1, 2, 3, 4]})


@given(st.lists(st.tuples(st.text(max_size=8), st.one_of(st.none(), st.integers(-5, 5))), max_size=12), st.randoms())
def test_a_row_is_labelled_alike_in_any_order_and_company(rows: list[tuple[str, int | None]], random: object) -> None:
    """The label of a row alone is its label among others."""
    text = "CASE WHEN LENGTH(message) > 3 THEN 'long' WHEN n IN (1, 2) OR n < 0 THEN 'odd' ELSE CAST(n AS VARCHAR) END"
    (rule,), _ = sql_labels.parse({"x": text}, columns=COLUMNS)

    def labels(of: list[tuple[str, int | None]]) -> list[str | None]:
        n = pl.Series([n for _, n in of], dtype=pl.Int64)
        return sql_labels.labels(rule, {"message": pl.Series([m for m, _ in of], dtype=pl.String), "n": n})

    assert labels(rows) == [label for row in rows for label in labels([row])]


def test_rows_that_a_rule_gives_nothing_for_are_faults_with_their_lines(tmp_path: Path) -> None:
    """NULL is no label: refused with the row, or dropped with it where broken rows are dropped."""
    path = tmp_path / "s.jsonl"
    rows = [{"message": "a", "n": 1}, {"message": "b", "n": None}, {"message": "c"}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    ruled, _ = sql_labels.parse({"size": "n > 0", "long": "LENGTH(message) > 3"}, columns=["message", "n"])
    with pytest.raises(SpecError) as caught:
        load.read([path], SeedColumns(variables=["message"], rules=ruled))
    assert [fault.where for fault in caught.value.faults] == [f"{path}:2", f"{path}:3"]
    assert "the rule of the label 'size' gives nothing" in str(caught.value)
    seeds, dropped = load.read([path], SeedColumns(variables=["message"], rules=ruled), strict=False)
    assert [seed.labels for seed in seeds] == [{"size": "true", "long": "false"}]
    assert dropped["row"].to_list() == ["s.jsonl:2", "s.jsonl:3"]


def test_a_rule_that_fails_on_the_rows_is_a_fault_of_its_own(tmp_path: Path) -> None:
    """A cast that a row's text does not take."""
    path = tmp_path / "s.csv"
    path.write_text("message,n\na,1\nb,two\n")
    ruled, _ = sql_labels.parse({"size": "CAST(n AS INT) > 1"}, columns=["message", "n"])
    with pytest.raises(SpecError, match=r"strata\.labels\.size: cannot be computed: .*two"):
        load.read([path], SeedColumns(variables=["message"], rules=ruled))
