"""A model in use: one protocol for every kind of artefact; windows, answers, activity over time, embeddings."""
