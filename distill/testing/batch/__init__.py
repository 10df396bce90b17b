"""Files and batches of the double: the Batch API in memory, by a clock that can be hurried.

files          uploads and results: bytes, held once, until deleted or expired by a clock that is hurried or moved by hand
rows           an input file read as its provider reads it: lines, faults with their numbers, tokens
faults         every batch fault by its name, and which batch and row meets it
row_outcomes   rows answered, billed and written, in the order of the run
states         batches and their states
routes         all of it over HTTP, in OpenAI's shapes
"""
