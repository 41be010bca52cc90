"""Computation in superposition: the figures of templates/computation.md."""
