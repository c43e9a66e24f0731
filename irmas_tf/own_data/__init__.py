"""Data of the user's own, without code: a folder per class, a CSV manifest, OpenMIC-2018, mirdata; and their check."""
