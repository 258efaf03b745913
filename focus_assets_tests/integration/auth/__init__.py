"""Logging in, over real sockets, to servers that refuse what they should."""
