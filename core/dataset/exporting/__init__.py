"""The ledger at a revision written as a dataset: tables, label files, crops, a datasheet and a manifest."""
