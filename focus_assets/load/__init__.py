"""Loading: stage, apply, ledger; the transaction in which a load is judged."""
