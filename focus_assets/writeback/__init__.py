"""Writes that end consistent: every intent is recorded before its call, and compensated until nothing is owed."""
