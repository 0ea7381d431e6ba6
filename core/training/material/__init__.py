"""The training material: where hands and exemplars come from, and the random views of them that a network sees."""
