"""What can be trained on: the `Dataset` that others can add, IRMAS, its splits, its check, and fetching it."""
