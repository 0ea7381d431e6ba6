"""How long things are kept: what outlives a restart, backups, and what is erased on request or when its time is up."""
