"""Writes that end consistent, without sockets."""
