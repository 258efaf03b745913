"""The database package."""
