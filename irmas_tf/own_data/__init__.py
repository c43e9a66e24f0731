"""data of the user's own, without code: a folder per class, a CSV manifest, OpenMIC-2018, data sets of mirdata, and their check."""
