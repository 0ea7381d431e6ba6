"""Folders of labelled films, as training and evaluation read them."""
