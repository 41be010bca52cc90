"""Arrays of figures say what they are: their axes come from one list, and each word of it is used."""

import ast
from pathlib import Path

import numpy as np
import pytest

from figures.base import AXES, Array, Data, array
from tests import laws

ROOT = Path(__file__).parents[2]


def words_in_use():
    """The words of strings that are made of axes alone, outside of the list itself."""
    words = set()
    for path, tree in laws.modules(ROOT, "figures"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and path != "figures/base.py":
                words |= set(node.value.split()) if set(node.value.split()) <= set(AXES) else set()
    return words


def test_every_axis_is_used_and_listed_once():
    assert len(set(AXES)) == len(AXES)
    assert set(AXES) - words_in_use() == set()


def test_an_array_has_a_word_for_each_axis():
    with pytest.raises(
        ValueError, match=r"each axis of an array needs a word; 'counts' has shape \(2, 3\) and the axes \('seed',\)"
    ):
        array(np.zeros((2, 3)), "seed", "counts")
    with pytest.raises(ValueError, match=r"'sede' is no axis. Take one of seed, model, .*or add it to figures\.base\.AXES\."):
        array([1, 2], "sede", "counts")


def test_numbers_are_read_by_name():
    data = Data(arrays={"counts": array([[1, 2]], "density seed", "counts", "features")})
    assert data["counts"].tolist() == [[1, 2]]
    assert isinstance(data.arrays["counts"], Array) and data.arrays["counts"].unit == "features"
