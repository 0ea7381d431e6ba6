"""Labels that exist already come into the ledger: first checked, which changes nothing, then taken in."""
