"""Every command of the command line, in a module for each area, whose commands are in its `app`."""
