"""Superposition in a privileged basis: the figures of templates/privileged-basis.md."""
