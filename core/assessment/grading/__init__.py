"""What the grading network says of each bone, and where it looked."""
