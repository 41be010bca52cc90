"""Definitions and motivation: the figures of templates/motivation.md."""
