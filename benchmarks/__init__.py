"""Measure the mirror beside the database's own bulk load, so that anybody can repeat it: `make bench`."""
