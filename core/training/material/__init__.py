"""What is trained on: where hands and exemplars come from, and the random views of them that a network sees."""
