"""Every command of the command line, in a module of its area; each has its commands in `app`."""
