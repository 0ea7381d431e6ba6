"""What each kind of file says: stored grey values, the height of its pixels relative to their width, and what else is
stated."""
