"""Exports labels from the ledger as a dataset, and imports existing labels into it."""
