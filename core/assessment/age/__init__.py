"""The bone age: from the grades of the network or of a person, and at a glance; and how far off it was on other hands."""
