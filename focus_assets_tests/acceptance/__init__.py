"""Promises through Dagster: the definitions, an instance, the sandbox on a socket, SQLite."""
