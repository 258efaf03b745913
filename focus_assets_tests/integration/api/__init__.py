"""Scripts call the engine."""
