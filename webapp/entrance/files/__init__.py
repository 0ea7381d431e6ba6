"""Files that pass through: sent within a quota, kept for a while, and fetched by their owners."""
