"""What to read next: how much a film would teach, the tables that follow the events, and the queries over them."""
