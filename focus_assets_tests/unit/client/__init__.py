"""The promises of the client, without a socket."""
