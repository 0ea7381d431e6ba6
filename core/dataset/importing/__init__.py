"""Imports existing labels into the ledger: first checked, which changes nothing, then taken in."""
