"""Rows that are sent to an API: what is new, changed or gone since the last time; each lost answer is settled."""
