"""The geometry of superposition: the figures of templates/geometry.md."""
