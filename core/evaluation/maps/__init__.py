"""Whether the maps mean something: measured, kept, and shown on the page."""
