"""Where the hand and its bones lie on a film, and the crops cut from it."""
