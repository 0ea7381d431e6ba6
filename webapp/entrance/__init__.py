"""Between the network and the tabs: who comes in, in what order, and what they may fetch or leave behind."""
