"""Answers by the Batch API: half the price, up to a day, and every row still paid for exactly once.

book    what is known of each batch, beside the answers: written before each step at the host
shard   requests → input files within the host's limits
host    the host's files and batches
ingest  output and error files → answers
night   recover, look, collect, submit: one round that any process can do, again and again
"""
