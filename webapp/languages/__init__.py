"""The page in languages other than English: a catalogue of sentences for each, and who is answered in which."""
