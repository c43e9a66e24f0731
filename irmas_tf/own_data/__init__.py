"""data of the user's own, without code: a folder per class, a CSV manifest, data sets of mirdata, and their check."""
