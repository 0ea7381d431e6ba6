"""For programs: the named endpoints, MCP in front of them, and the page's part where an administrator admits programs."""
