"""Every task of a project at a glance: its newest run, the student that serves, when its models end, and what is due.

result      what is found, as `distill status --all --json` prints it
runs        the newest run of a task, and what it lies open with
serving     the student that serves
model_ends  until when each model of a task is there
monitor_look  what the last look at its logs found
due         what follows from all of it, and when
project     all tasks of a project
"""
