"""The page in other languages than English: one catalogue of sentences each, and who is answered in which."""
