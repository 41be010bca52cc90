"""Reasons for training and drawing, as data; `describe` puts them into words."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["absent", "spec", "code", "input", "environment", "corrupt", "forced"]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an artifact must be made, even if one with its name was made before.

    Attributes:
        kind: absent: never made. spec: the runs or observations changed. code: the code that makes it changed.
            input: its input changed. environment: a library or device changed. corrupt: it was damaged.
            forced: the user asked for it.
        subject: What changed, such as "sup.training.kernel" or the name of a sweep.
        was: Digest or text of it before, where known.
        now: Digest or text of it now.
    """

    kind: Kind
    subject: str
    was: str | None = None
    now: str | None = None


def describe(reason: Reason) -> str:
    """The reason in a few words.

    Example:
        >>> describe(Reason("environment", "figure", "numpy 2.3", "numpy 2.4"))
        'environment: figure was numpy 2.3, is numpy 2.4'
    """
    if reason.was is None or reason.now is None:
        return f"{reason.kind}: {reason.subject}"
    return f"{reason.kind}: {reason.subject} was {_short(reason.was)}, is {_short(reason.now)}"


def _short(text: str) -> str:
    return text[:12] if len(text) == 64 and " " not in text else text
