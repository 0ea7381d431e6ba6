"""The whole programs behind `python -m core train`: from a data folder to registered weights."""
