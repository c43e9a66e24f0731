"""Numbers from labels and scores."""
