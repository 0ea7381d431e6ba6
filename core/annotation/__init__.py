"""A reader's work on a film, and what they may see and do: rules, without a page."""
