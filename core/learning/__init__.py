"""What readers said becomes the next model: fine-tuning and its run folders, proof that it is better, and promotion."""
