"""The gate: compares a run's model with the live one on films that neither has learned from, and gives the verdict."""
