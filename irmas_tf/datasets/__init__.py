"""What can be trained on: IRMAS, its splits, its check, and fetching it."""
