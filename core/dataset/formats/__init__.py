"""File formats of labels, a module for each: `read` returns labelled films, `Writer` takes them one by one. `reading` knows all
of them."""
