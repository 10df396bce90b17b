"""Answers by the Batch API: half the price, up to a day, and every row still paid for exactly once.

night       recover, look, collect, submit: one round that any process can do, again and again
recovery    batches that a crash left half made, or that the host has lost
collection  a batch that has ended: its rows settled, its files removed
whole       whether the files of an ended batch came whole
empty       batches one after another that came to no answer
submission  what is owed → batches, within the budget and the host's room
uploads     an uploaded file → a batch, once the host has read it
book        what is known of each batch, beside the answers: written before each step at the host
files       the input files on this machine
room        what the host takes of prompt tokens at once
shard       requests → input files within the host's limits
host        the host's files and batches
look        what it says of one of them
ingest      output and error files → answers
"""
