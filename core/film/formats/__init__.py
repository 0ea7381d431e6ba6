"""What each kind of file says: stored greys, how high its pixels are for their width, and what is stated beside them."""
