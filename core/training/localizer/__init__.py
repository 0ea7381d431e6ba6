"""The hand localiser learns from boxed films, and from its own confident boxes on the others."""
