"""Whether the maps mean something: measured, kept, and told on the page."""
