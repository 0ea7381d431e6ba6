"""How old the bones are: by the grades of the network or of a person, and at a glance; and how far off that was before."""
