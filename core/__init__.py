"""Reads bone age from hand radiographs; everything but the page and the networks."""

from core.machine import configure_threads

configure_threads()  # before any library that computes is loaded
