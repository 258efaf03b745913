"""The promises of the client, over real sockets."""
