"""What a verdict rests on beside the scores: which rows belong together, strata that fell, the teacher's ceiling, rows that would decide."""
