"""Where the ledger is kept: a database, a folder of pictures, and the secret of its pseudonyms."""
