"""Demonstrating superposition: the figures of templates/demonstrating.md."""
