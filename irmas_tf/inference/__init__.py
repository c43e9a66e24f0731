"""A model in use: windows of clips, answers, activity over time, embeddings."""
