"""What several tabs draw with."""
