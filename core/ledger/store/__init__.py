"""Where the ledger lies: a database, a folder of pictures, and the secret of its pseudonyms."""
