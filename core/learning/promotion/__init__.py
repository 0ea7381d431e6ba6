"""The way of a model to the live one and back, and two models side by side on one film."""
