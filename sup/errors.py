"""The package's errors. Each message names the field, what it means, the value and the way out."""


class SupError(Exception):
    """Base of every error that this package raises on purpose."""


class SpecError(SupError, ValueError):
    """An invalid spec: a value out of range, inconsistent, or of an unknown type."""
