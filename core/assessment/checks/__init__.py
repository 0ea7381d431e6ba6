"""What a reader should know beside the grades: of the file, of the film and the hand on it, and of the age."""
