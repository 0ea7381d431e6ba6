"""Any file becomes greys with square pixels, in a process apart: what decodes a stranger's file may fail, or be made to."""
