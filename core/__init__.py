"""Reads bone age from hand radiographs; everything but the page and the networks."""

from core.machine import settle

settle()  # before any library that computes is loaded
