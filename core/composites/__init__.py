"""Averages of many hands: example hands and the pictures of the grades."""
