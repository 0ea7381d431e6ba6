"""What readers said becomes the next model: fine-tuning, proof that it is better, and promotion."""
