"""Labelled hands become registered weights: what is learned from, how each network learns, and the programs around it."""
