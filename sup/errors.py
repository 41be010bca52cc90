"""What can go wrong in the science, each with a message that names the field, its meaning, the value and the way out."""


class SupError(Exception):
    """Base of every error that this package raises on purpose."""


class SpecError(SupError, ValueError):
    """A spec that describes no experiment: out of range, inconsistent, or of an unknown type."""
