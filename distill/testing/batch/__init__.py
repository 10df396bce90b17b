"""Files and batches of the double: a whole night of the Batch API in memory, by a clock that can be hurried.

clock     the time of day here, hurried or moved by hand
files     uploads and results: bytes, held once, until deleted or expired
rows      an input file read as its provider reads it: lines, faults with their numbers, tokens
faults    every trap by its name, and which batch and row meets it
work      rows answered, billed and written, in the order of the run
desk      batches and their states
routes    all of it over HTTP, in OpenAI's shapes
"""
