"""Load the same rows with what people use instead, each in an environment of its own."""
