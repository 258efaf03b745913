"""What Python callers import: thin words for scripts and notebooks, over the engine that Dagster and `focus` use."""
