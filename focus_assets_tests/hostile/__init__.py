"""A server that wants to hurt: to fill the memory, to hold the line, to learn the secrets, to send us elsewhere."""
