"""Batches, loop, step, stages, checkpoints."""
