"""A machine that tries to break the mirror by seed: a model server, faults, an oracle that knows every state shown."""
