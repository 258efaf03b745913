"""The sandbox, without a socket."""
