"""Labels out of the ledger as a dataset, and labels that exist already into it."""
