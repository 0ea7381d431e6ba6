"""The hand localiser learns from boxed films, and from its own confident boxes of the others."""
