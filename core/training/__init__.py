"""Labelled hands become registered weights: the training material, how each network learns, and the programs around it."""
