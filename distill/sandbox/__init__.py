"""A user's function run apart from us: in processes of its own, held by limits that it cannot lift.

pool      our side: a few children, the rows shared among them, another try for a row that died of others
process   one child as we see it: the rows that are out at it, and why it ended
child     its own side: the process that imports the user's file and answers for each row
limits    memory, file size, core dumps; it dies with its parent
kernel    Linux: a seccomp filter and a Landlock domain, for good
hook      everywhere: Python's audit hook, the layer that is left where the kernel has none
"""
