"""Models that answer by name: the one that comes with the package, and those that are fetched on request."""
