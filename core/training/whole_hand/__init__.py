"""The network that looks at the whole hand learns from small hands and larger ones, of which some may be left out."""
