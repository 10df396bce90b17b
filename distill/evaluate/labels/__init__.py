"""Answers, and fields of answers, that are labels: accuracy, macro-F1 and which labels are taken for which.

result      what is found, as comparison.json holds it
columns     which fields are labels, and what each arm said in them
macro_f1    macro-F1 of a column with its interval
confusion   the columns → the result
"""
