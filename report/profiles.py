"""Profiles: how much of each figure's experiment is run, read from `report.yml`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import figures
from figures.base import Size
from report import ROOT
from report.errors import PipelineError

DRAWING = Size(steps=1, seeds=1)
"""The size of a figure without an entry; such a figure must not need runs."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """How much of each experiment is run.

    Attributes:
        name: "smoke", "laptop" or "paper".
        decides: Whether it trains enough for verdicts on trained models.
        sizes: Steps, seeds and grid of each figure that trains models.
    """

    name: str
    decides: bool
    sizes: Mapping[str, Size] = field(default_factory=dict)

    def size(self, figure: str) -> Size:
        """The size of `figure`; a single step and seed for one that only draws."""
        return self.sizes.get(figure, DRAWING)


def load(path: Path = ROOT / "report.yml") -> dict[str, Profile]:
    """All profiles of the file at `path`, by name.

    Raises:
        PipelineError: for what is missing, unknown or out of range, naming file, profile, figure and field.
    """
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise PipelineError(
            f"{path.name} lists the profiles, and it cannot be read: {problem.strerror}. Restore {path}."
        ) from None
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, LookupError, RecursionError) as problem:  # of bad scalars, too
        raise PipelineError(f"{path.name} is not valid YAML: {' '.join(str(problem).split())}.") from None
    at = path.name
    profiles = _mapping(_mapping(content, at, ("profiles",)).get("profiles"), f"{at}, profiles")
    return {name: _profile(name, value, f"{at}, profile {name}") for name, value in profiles.items()}


def get(name: str, path: Path = ROOT / "report.yml") -> Profile:
    """The profile `name` of the file at `path`.

    Raises:
        PipelineError: if there is none; the message lists the profiles.
    """
    profiles = load(path)
    if name not in profiles:
        raise PipelineError(f"PROFILE is how much of each experiment to run; got {name!r}. Pick one of {', '.join(profiles)}.")
    return profiles[name]


def check_figure(name: str) -> str:
    """Returns `name` if it is a figure.

    Raises:
        PipelineError: if it is not; the message lists the figures.
    """
    if name not in figures.NAMES:
        raise PipelineError(f"ONLY is the figure to make; got {name!r}. Pick one of {', '.join(figures.NAMES)}.")
    return name


def _mapping(value: Any, at: str, fields: tuple[str, ...] | None = None) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise PipelineError(f"{at}: expected a mapping of names; got {value!r}.")
    unknown = sorted(set(value) - set(fields or value))
    if unknown:
        raise PipelineError(f"{at}: there is no field {unknown[0]!r}. Pick one of {', '.join(fields or ())}.")
    return value


def _profile(name: str, value: Any, at: str) -> Profile:
    content = _mapping(value, at, ("decides", "figures"))
    decides = content.get("decides")
    if type(decides) is not bool:
        raise PipelineError(f"{at}: decides says whether its verdicts on trained models count, true or false; got {decides!r}.")
    sizes = {}
    for figure, size in _mapping(content.get("figures"), f"{at}, figures").items():
        if figure not in figures.NAMES:
            raise PipelineError(f"{at}: there is no figure {figure!r}. Pick one of {', '.join(figures.NAMES)}.")
        sizes[figure] = _size(size, f"{at}, figure {figure}")
    return Profile(name=name, decides=decides, sizes=sizes)


def _size(value: Any, at: str) -> Size:
    meanings = {
        "steps": "the number of optimiser updates",
        "seeds": "the number of models per setting",
        "grid": "the number of settings along each axis of a map",
    }
    content = _mapping(value, at, (*meanings, "full"))
    for field_name, meaning in meanings.items():
        if field_name == "grid" and field_name not in content:
            continue  # few figures have a map
        number = content.get(field_name)
        if type(number) is not int or number < 1:
            raise PipelineError(
                f"{at}: {field_name} is {meaning}, an int of at least 1; got {number!r}. "
                f"Write for instance {{steps: 1000, seeds: 3}}."
            )
    full = content.get("full", False)
    if type(full) is not bool:
        raise PipelineError(f"{at}: full says whether models are as large as the paper's, true or false; got {full!r}.")
    return Size(**content)
