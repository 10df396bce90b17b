"""Which metrics score the answers of a task, and the table of scores that they give.

choice    the metrics of a task, chosen by what its answers are, and what no metric judges
own       the task's own functions, `verify` and those of `evaluate.metrics`, run in the sandbox
table     answers → scores.parquet
"""
