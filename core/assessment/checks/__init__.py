"""What a reader should know apart from the grades: about the file, the film and the hand on it, and the age."""
