"""Rows of the ledger's tables over an open connection, a module for each kind of thing that is kept."""
