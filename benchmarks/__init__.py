"""Programs that print the figures in docs/results.md."""
