"""A folder of films with ages, as training and measuring read it."""
