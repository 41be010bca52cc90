"""Superposition and learning dynamics: the figures of templates/learning-dynamics.md."""
