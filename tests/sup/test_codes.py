"""Codes: the six of the paper by name, in any order of neurons and features, and codes that differ from them a little."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sup import codes


def code(neurons: int, *words: str) -> np.ndarray:
    """(hidden, feature) from words like "+-0"."""
    return np.array([["-0+".index(sign) - 1 for sign in word] for word in words]).T.reshape(neurons, len(words))


def of_size(neurons: int, size: int) -> list[str]:
    return ["".join("+" if k in on else "0" for k in range(neurons)) for on in itertools.combinations(range(neurons), size)]


PAPER = {
    "5 dedicated": code(5, *of_size(5, 1)),
    "3 dedicated + two signs": code(5, "+0000", "0+000", "00+00", "000++", "000+-", "000-+"),
    "2 dedicated + 5 in 3": code(5, "+0000", "0+000", "00+-+", "00-++", "00++-", "0000+", "00+++"),
    "1 dedicated + all pairs of 4": code(5, "+0000", "0-++0", "0-+0+", "0-0++", "0++00", "0+0+0", "0+00+"),
    "hub of 4": code(5, "-+++0", "-++0+", "-+0++", "-0+++", "++000", "+0+00", "+00+0", "+000+", "00000", "00000"),
    "all pairs of 5": code(5, *of_size(5, 2)),
}


@pytest.mark.parametrize("name", PAPER)
def test_the_papers_codes_have_their_names_in_any_order(name: str) -> None:
    rng = np.random.default_rng(0)
    for _ in range(10):
        turned = PAPER[name][rng.permutation(5)]
        assert codes.code_name(turned[:, rng.permutation(turned.shape[1])]) == name


@pytest.mark.parametrize(
    ("near", "name"),
    [
        (PAPER["all pairs of 5"][:, 1:], "pairs of 5"),
        (PAPER["hub of 4"][:, 1:], "7 in 5"),
        (code(2, "++", "+-", "+0"), "3 in 2"),  # two features with the same word
        (code(2, "+-"), "1 dedicated"),
        (code(1, "+", "+"), "2 in 1"),
        (code(2, "--", "00"), "nothing"),
        (code(4, "++00", "00++"), "1 in 2 + 1 in 2"),
    ],
)
def test_a_code_close_to_a_named_one_has_another_name(near: np.ndarray, name: str) -> None:
    assert codes.code_name(near) == name


def test_words_are_read_off_weights_and_large_negative_ones_do_no_harm() -> None:
    rng = np.random.default_rng(1)
    for name, expected in PAPER.items():
        noise = rng.uniform(-0.2, 0.2, expected.shape)
        W = np.where(expected > 0, 0.8 + noise, np.where(expected < 0, -9.0, 0.5 * noise))
        W[:, ~(expected > 0).any(axis=0)] = 0.01
        result = codes.code_words(W[None])[0]
        assert (result == expected).all()
        assert codes.code_name(result) == name
        assert codes.recovered(W[None]).sum() == (expected > 0).any(axis=0).sum()


def blocks_by_merging(code: np.ndarray) -> list[tuple[list[int], list[int]]]:
    """Sets of features, merged while any two share a neuron."""
    sets = [{i} for i in range(code.shape[1]) if (code[:, i] > 0).any()]
    merged = True
    while merged:
        merged = False
        for a, b in itertools.combinations(sets, 2):
            if any((code[k, list(a)] > 0).any() and (code[k, list(b)] > 0).any() for k in range(len(code))):
                a |= b
                sets.remove(b)
                merged = True
                break
    blocks = [([k for k in range(len(code)) if (code[k, sorted(s)] > 0).any()], sorted(s)) for s in sets]
    return sorted(blocks, key=lambda block: block[1][0])


@given(st.integers(1, 5), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_blocks_equal_sets_merged_one_by_one(hidden: int, features: int, seed: int) -> None:
    code = np.random.default_rng(seed).choice([-1, 0, 1], size=(hidden, features), p=[0.2, 0.5, 0.3])
    assert codes.blocks(code) == blocks_by_merging(code)


@given(st.integers(1, 5), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_the_reading_order_is_by_kind_and_then_by_feature(hidden: int, features: int, seed: int) -> None:
    code = np.random.default_rng(seed).choice([-1, 0, 1], size=(hidden, features))
    order = codes.reading_order(code)
    assert sorted(order) == list(range(hidden))
    words = codes.words_per_neuron(code[None])[0]
    kinds = [3 if words[k] == 0 else 0 if words[k] == 1 else 1 if (code[k] < 0).any() else 2 for k in order]
    assert kinds == sorted(kinds)
    alone = [int(np.argmax(code[k] > 0)) for k, kind in zip(order, kinds, strict=True) if kind == 0]
    assert alone == sorted(alone)
