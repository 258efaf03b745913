"""Records are transformed by pure steps."""
