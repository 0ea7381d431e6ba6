"""Makes the next model from what readers said: the lessons, a run and what it leaves, proof that it is better, promotion."""
