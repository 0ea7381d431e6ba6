"""Files on their way through: sent within a quota, kept for a while, and fetched by whoever they belong to."""
