"""Networks in use, outside PyTorch."""
