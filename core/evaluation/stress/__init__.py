"""The same hand on other films must get the same age, and what is not a hand must be refused."""
