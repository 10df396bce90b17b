"""Diagnosis: rules over what was measured name the cause of a verdict, and the one next step."""
