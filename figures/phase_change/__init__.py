"""Superposition as a phase change: the figures of templates/phase-change.md."""
