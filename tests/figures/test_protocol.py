"""Every figure's module has the five names of `figures.base`, with the parameters that the pipeline passes."""

import inspect

import pytest

import figures
from figures.base import About, Claim, FigureModule


@pytest.mark.parametrize("name", figures.NAMES)
def test_a_figure_keeps_the_protocol(name):
    module = figures.module(name)
    assert isinstance(module.ABOUT, About)
    assert type(module.CLAIMS) is tuple and all(isinstance(claim, Claim) for claim in module.CLAIMS)
    for function in ("needs", "reduce", "draw"):
        _, *wanted = inspect.signature(getattr(FigureModule, function)).parameters
        assert list(inspect.signature(getattr(module, function)).parameters) == wanted, function
