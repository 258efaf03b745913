"""What the command promises without a server."""
