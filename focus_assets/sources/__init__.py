"""Sources: what an API must promise to be mirrored, and one module for each kind of API."""
