"""Rows that are sent to an API on a real socket."""
