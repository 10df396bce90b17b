"""The judge in evaluation: scores of the arms' answers by a rubric, and the student's answers beside those of another arm.

The questions and the reading of replies are those of the judge in curation (`distill.curate.gates.judge`).
"""
