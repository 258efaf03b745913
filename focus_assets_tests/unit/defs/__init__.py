"""The defs package."""
