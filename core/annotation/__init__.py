"""What a reader's work on a film is, and what they may see and do: rules, without a page."""
