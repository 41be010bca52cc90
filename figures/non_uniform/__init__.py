"""Non-uniform superposition: the figures of templates/non-uniform.md."""
