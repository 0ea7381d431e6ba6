"""How many readings a model needs to get better, and in which order: simulated readers, on films whose age is known."""
