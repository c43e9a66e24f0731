"""Which groups of excerpts validate: drawn by a seed, the same share of every class; names and counts only."""
