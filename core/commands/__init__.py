"""Commands of the command line, one module an area; core.__main__ puts them together."""
