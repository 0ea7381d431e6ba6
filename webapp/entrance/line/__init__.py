"""How much one client may ask for at once, so that nobody takes the places of the others."""
