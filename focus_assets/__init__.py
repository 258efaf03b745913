"""Keep a database a provably faithful mirror of what a REST API serves."""
