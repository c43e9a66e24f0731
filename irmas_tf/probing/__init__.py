"""The linear probe: how well a regression on frozen embeddings tells the classes of new songs apart."""
