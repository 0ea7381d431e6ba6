"""Measures the pipeline: accuracy on labelled films, grades, places, stress, the maps' worth, and networks side by side."""
