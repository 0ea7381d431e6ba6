"""File formats of labels, a module for each: `read` gives labelled films, `Writer` takes them one by one. `reading` knows all
of them."""
