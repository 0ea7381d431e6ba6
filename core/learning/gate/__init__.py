"""The gate: a run's model against the live one on films that neither has learned from, and the verdict."""
