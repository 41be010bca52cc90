"""The strategic picture: ways out of superposition: the figures of templates/strategic.md."""
