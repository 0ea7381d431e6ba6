"""One small module for each kind of file that a film can come in; `core.radiograph` is the door to them."""
