"""Vocabulary and decisions: pure values and functions, no I/O."""
