"""Each example, run as its README says, against the server that it is about."""
