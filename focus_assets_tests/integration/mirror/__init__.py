"""The mirror engine on real databases, against the sandbox: no socket, no waiting."""
