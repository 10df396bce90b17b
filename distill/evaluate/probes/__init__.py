"""Probes: what a mean score does not show. Does the student copy, collapse, forget, drift, obey orders in its input, or refuse?"""
