"""What can be trained on: the `Dataset` protocol, IRMAS, splits, check, download."""
