"""What the command promises with a server on a socket."""
