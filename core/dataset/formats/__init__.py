"""File formats of labels, one module each: `read` gives labelled films, `Writer` takes them one by one."""
