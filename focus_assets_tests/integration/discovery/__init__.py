"""Discovery over real sockets."""
