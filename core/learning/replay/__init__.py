"""How many readings a model needs to get better, and in which order: readers simulated on films whose age is known."""
