"""What is decided about rows that are sent, without an API or a database."""
