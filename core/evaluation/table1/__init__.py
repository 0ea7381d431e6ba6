"""The paper's Table 1 on our hands: plain against improved ResNet, and what each of its three additions does."""
