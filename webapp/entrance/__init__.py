"""Between the network and the tabs: who comes in, in which order, and what they may fetch or leave behind."""
