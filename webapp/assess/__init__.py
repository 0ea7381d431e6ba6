"""The Assess tab."""
