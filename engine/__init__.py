"""Tensors: blocks, data, training, jobs, tracking, inspection, generation, export."""
