"""Probes that ask base and student further questions."""
