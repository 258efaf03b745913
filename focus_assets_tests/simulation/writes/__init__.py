"""Try by seed to make a write end otherwise than its caller was told."""
