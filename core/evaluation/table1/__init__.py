"""The paper's Table 1 on our hands: plain against improved ResNet, and which of its three additions does what."""
