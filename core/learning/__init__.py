"""The next model out of what readers said: fine-tuning, its run folders, and what follows from them."""
