"""What readers said becomes the next model: what is learned, a run and what it leaves, proof that it is better, promotion."""
