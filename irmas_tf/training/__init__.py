"""Batches, loop, step, stages and checkpoints."""
