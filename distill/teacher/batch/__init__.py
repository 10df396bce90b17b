"""Answers by the Batch API: half the price, up to a day, and every row still paid for exactly once.

session        what the rounds of one spender share
round          recover, look, collect, submit: a round that any process can do, again and again
recover        batches that a crash left half made, or that the host has lost
collect        a batch that has ended: its rows settled, its files removed
submit         pending rows → batches, within the budget and the host's capacity
uploads        an uploaded file → a batch, once the host has read it
closing        a batch closed, abandoned or given up
empty_batches  batches one after another that came to no answer
journal        what is known of each batch, beside the answers: written before each step at the host
open_batches   batches of all runs that are out, and who collects them
capacity       what the host takes of prompt tokens at once
files          input files within the host's limits, where they lie, and result files → answers
by_file        mode `file`: a folder in the host's place
host           the host's files and batches, and what it says of one of them
"""
