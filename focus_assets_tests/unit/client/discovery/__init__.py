"""Discovery, without a socket."""
