"""Any file becomes grey values with square pixels, in a separate process: decoding a stranger's file may fail, or be made
to."""
