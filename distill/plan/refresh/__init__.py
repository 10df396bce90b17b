"""What a refresh would change, before it is paid for: a sample of the new teacher's answers by stratum, and a priced plan.

result     what is found, as refresh.json holds it
sample     which rows are asked
answers    the new answers beside the old ones
decide     which strata to ask anew, and why
probe      all of it
"""
