"""Verification: count, digest and compare what the mirror holds, changing nothing."""
