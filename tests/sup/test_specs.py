"""Specs: one meaning, one digest; nonsense is refused with a helpful message."""

import dataclasses
import math
import subprocess
import sys
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sup.baseline import constant_loss
from sup.canonical import PINNED, canonical_text, content_digest, digest, spec_digest
from sup.errors import SpecError
from sup.features import Anticorrelated, Correlated, Independent, one_hot
from sup.results import Trained
from sup.specs import TRAITS, Recipe, Run, geometric, power_of_ten
from sup.sweeps import Sweep, get, sweep, vary

BASE = Run(model="relu-output", n_features=5, n_hidden=2, distribution=Independent(density=0.1))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"density": 0.0}, r"density is the chance 1 - S that a feature is active, .* lies in \(0, 1\]; got 0\.0\. For a spars"),
        ({"density": 1.5}, r"lies in \(0, 1\]; got 1\.5"),
        ({"density": float("nan")}, r"density is a finite number, or a tuple with one for each feature; got nan"),
        ({"density": "often"}, r"density is a finite number.*got 'often'"),
        ({"density": (0.1, 0.2)}, r"distribution is about all 5 features; got .* It speaks of 2; give one number per feature"),
        ({"low": 1.0}, r"low lies below high; got low=1\.0, high=1\.0\. For signed values, pass low=-1\.0"),
        ({"n_hidden": 0}, r"n_hidden is the width m of the hidden layer, an int of at least 1; got 0"),
        ({"n_features": 5.0}, r"n_features is the width n of the input, an int of at least 1; got 5\.0"),
        ({"model": "relu"}, rf"model is one of {', '.join(TRAITS)}; got 'relu'"),
        ({"importance": (1.0, 2.0)}, r"importance is the weight of each of the 5 features in the loss.*geometric\(0\.7"),
        ({"importance": -1.0}, r"importance is .* none below 0; got -1\.0"),
        ({"seed": -1}, r"seed is an int of at least 0; got -1"),
        ({"steps": 0}, r"steps is the number of updates, an int of at least 1; got 0"),
        ({"batch": 100}, r"batch is the samples per update, a positive multiple of 64 below 2\*\*31; got 100"),
        ({"learning_rate": 0.0}, r"learning_rate is AdamW's step size, in \(0, 1\); got 0\.0"),
        ({"weight_decay": -0.1}, r"weight_decay is .* got -0\.1\. Pass weight_decay=0\.0 for none"),
        ({"beta1": 1.0}, r"beta1 is a share of the past that is kept, in \[0, 1\); got 1\.0"),
        ({"epsilon": 0.0}, r"epsilon is .* so above 0; got 0\.0"),
        ({"init_scale": -1.0}, r"init_scale is .* at least 0; got -1\.0"),
        ({"schedule": ((0.0, 1.0), (0.5, 1.0))}, r"schedule is a tuple of knots .* For a constant rate, pass CONSTANT"),
        ({"schedule": ((0.0, 1.0), (0.0, 1.0), (1.0, 0.0))}, r"schedule is a tuple of knots"),
        ({"sparsity": 0.9}, r"axis is the name of a field .* got 'sparsity'\. Pick one of activation, attack, batch, beta1"),
        ({"unit_norm": 1}, r"unit_norm is whether each sample is divided by its .* True or False; got 1\. Leave it out for"),
        ({"activation": "tanh"}, r"activation is one of relu, quadratic, gelu; got 'tanh'"),
        ({"model": "linear", "activation": "gelu"}, r"activation is what stands in place of ReLU, and the linear model has none"),
        ({"l1": -0.1}, r"l1 is the weight of the mean of sum_a \|h_a\|, finite and at least 0; got -0\.1\. Pass 0\.0 for none"),
        ({"attack": float("inf")}, r"attack is the norm of a sample's perturbation, finite and at least 0; got inf"),
        ({"dataset": -1}, r"dataset is the number of a fixed data set, an int of at least 0; got -1\. Pass dataset=0 for the"),
        ({"dataset": 0, "batch": 0}, r"batch is the samples of the data set, an int of at least 1; got 0\. Pass batch=1000"),
        ({"distribution": 0.1}, r"distribution is an Independent, Correlated or Anticorrelated; got 0\.1"),
    ],
)
def test_refusals(change, message):
    with pytest.raises(SpecError, match=message):
        vary(BASE, **change)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Correlated(sizes=(), density=0.1), r"sizes counts the features of each set.*got \(\)\. For two sets of three"),
        (lambda: Anticorrelated(sizes=(2, 0), density=0.1), r"each is an int from 1 to 65535; got \(2, 0\)"),
        (lambda: Correlated(sizes=(2, 2), density=(0.1, 0.2, 0.3)), r"one number per set: 2 sets, 3 densities"),
        (lambda: Sweep(()), r"runs is a tuple of at least one run"),
        (lambda: Sweep((BASE, BASE)), r"runs is a set of different runs; got .2 runs.\. Some are equal: vary the seed"),
        (lambda: sweep(BASE, n_features=(5, 6)), r"one shape and one number of steps; got n_features: 5, 6\. Make a sweep"),
        (
            lambda: sweep(BASE, n_hidden=(1, 2), steps=(5, 9)),
            r"one shape and one number of steps; got n_hidden: 1, 2; steps: 5, 9\. Make a sweep of each\.$",
        ),
        (lambda: sweep(BASE, snapshots=(5, 3)), r"snapshots is steps at which to record the .* rising ints from 0 to 10000"),
        (lambda: get(BASE, "sparsity"), r"'sparsity' is no field"),
    ],
)
def test_refusals_of_sets_and_sweeps(make, message):
    with pytest.raises(SpecError, match=message):
        make()


def test_specs_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        BASE.seed = 1


def test_every_field_changes_the_digest():
    changes = {
        "model": "linear", "n_features": 6, "n_hidden": 3, "importance": 0.5, "seed": 1, "density": 0.2, "low": -1.0, "high": 2.0,
        "steps": 9, "batch": 64, "learning_rate": 0.5, "schedule": ((0.0, 1.0), (1.0, 0.5)), "weight_decay": 0.0, "beta1": 0.5,
        "beta2": 0.5, "epsilon": 1e-6, "init_scale": 2.0,
        "activation": "gelu", "unit_norm": True, "l1": 0.1, "attack": 0.1, "dataset": 0,
    }  # fmt: skip
    named = {f.name for part in (BASE, BASE.distribution, BASE.recipe) for f in dataclasses.fields(part)}
    assert named - {"distribution", "recipe"} == set(changes)
    digests = {spec_digest(vary(BASE, **{name: value})) for name, value in changes.items()} | {spec_digest(BASE)}
    assert len(digests) == len(changes) + 1


def test_digests_from_before_a_field_existed_still_hold():
    """This digest was recorded before specs had the fields below, which have their defaults here."""
    assert spec_digest(BASE) == "88df71d5ce1f2cb3ffe2f125f29b70f4012b9eaa6ef03f6ec08483ed5d8a9a5c"
    text = canonical_text(BASE)
    assert not any(f'"{name}"' in text for name in ("activation", "unit_norm", "l1", "attack", "dataset"))
    assert canonical_text(vary(BASE, l1=0)) == canonical_text(vary(BASE, dataset=None)) == text


def test_kinds_of_sets_have_digests_of_their_own():
    together, apart = Correlated(sizes=(2, 3), density=0.1), Anticorrelated(sizes=(2, 3), density=0.1)
    assert spec_digest(together) != spec_digest(apart)


def test_one_meaning_one_digest():
    assert spec_digest(vary(BASE, density=1)) == spec_digest(vary(BASE, density=1.0))
    assert spec_digest(vary(BASE, importance=[1, 2, 3, 4, 5])) == spec_digest(vary(BASE, importance=(1.0, 2.0, 3.0, 4.0, 5.0)))
    assert canonical_text(vary(BASE, schedule=((0, 1), (1, -0.0)))) == canonical_text(vary(BASE, schedule=((0, 1), (1, 0))))
    minus = vary(BASE, low=-0.0, importance=(-0.0, 2.0, 3.0, 4.0, 5.0), l1=-0.0)
    assert canonical_text(minus) == canonical_text(vary(BASE, importance=(0.0, 2.0, 3.0, 4.0, 5.0)))


def test_digests_do_not_depend_on_the_process():
    code = (
        "from sup.canonical import spec_digest; from sup.features import Independent; from sup.specs import Run;"
        "print(spec_digest(Run(model='relu-output', n_features=5, n_hidden=2, distribution=Independent(density=0.1))))"
    )
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == spec_digest(BASE)


texts = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=6,
)


def form(value):
    """The value with its types, so that 1, 1.0 and True differ, and 0.0 and -0.0."""
    if isinstance(value, tuple):
        return ("tuple", *map(form, value))
    if isinstance(value, dict):
        return ("dict", *sorted((key, form(inner)) for key, inner in value.items()))
    return (type(value).__name__, repr(value))


@given(texts, texts)
def test_equal_texts_mean_equal_values(a, b):
    assert (canonical_text(a) == canonical_text(b)) == (form(a) == form(b))


def test_equal_specs_have_one_text_whatever_was_written_before():
    zero, below = Independent(density=0.1, low=0.0), Independent(density=0.1, low=-0.0)
    assert zero == below
    assert len({canonical_text(value) for value in (below, zero, below)}) == 1


@pytest.mark.parametrize("value", [{1, 2}, np.float64(1.0), object(), b"x", {1: 2}])
def test_unknown_types_are_refused(value):
    with pytest.raises(SpecError, match="a digest needs a value whose text never changes"):
        digest("test", value)


@dataclasses.dataclass(frozen=True)
class Grown:
    x: int
    y: float = dataclasses.field(default=0.0, metadata=PINNED)


def test_a_pinned_field_is_left_out_at_its_default_alone():
    texts = {canonical_text(Grown(1, y)) for y in (0.0, 0, False, None, 1.0)}
    assert canonical_text(Grown(1)) == '["Grown",["x",1]]' and len(texts) == 5


def test_one_active_feature_is_a_set_that_is_always_active():
    assert one_hot(6) == Anticorrelated(sizes=(6,), density=1.0)
    assert one_hot(6, binary=True) == Anticorrelated(sizes=(6,), density=1.0, unit_norm=True)


def test_content_digest_sees_name_type_shape_and_bytes():
    a = np.arange(6, dtype=np.float32)
    digests = [
        content_digest({"a": a}),
        content_digest({"b": a}),
        content_digest({"a": a.astype("f8")}),
        content_digest({"a": a.reshape(2, 3)}),
        content_digest({"a": a + 1}),
        content_digest({"a": a, "b": a}),
    ]
    assert len(set(digests)) == len(digests)


def test_content_digest_ignores_memory_layout_and_byte_order():
    a = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert content_digest({"a": a}) == content_digest({"a": np.asfortranarray(a)}) == content_digest({"a": a.astype(">f4")})


def test_importances_are_repeated_products():
    assert geometric(0.7, 3) == (1.0, 0.7, 0.7 * 0.7)


@given(st.floats(-3, 3))
def test_powers_of_ten_are_correctly_rounded(exponent):
    """No other float is closer: the true power, computed with 60 digits, lies at most halfway to either neighbour."""
    power = power_of_ten(exponent)
    with localcontext(prec=60):
        true = (Decimal(exponent) * Decimal(10).ln()).exp()
        below, above = ((Decimal(power) + Decimal(math.nextafter(power, end))) / 2 for end in (0.0, math.inf))
        assert below <= true <= above


def test_results_are_selected_by_their_specs_and_read_only():
    runs = sweep(BASE, density=(0.1, 0.2), seed=range(2)).runs
    trained = Trained(runs, {"final_loss": np.array([4.0, 3.0, 2.0, 1.0])})
    assert trained.where(density=0.2)["final_loss"].tolist() == [2.0, 1.0]
    assert (trained.best(), len(trained.where(seed=1))) == (3, 2)
    with pytest.raises(ValueError, match="read-only"):
        trained["final_loss"][0] = 0
    with pytest.raises(SpecError, match=r"the results have no array 'W'\. Pick one of final_loss\."):
        trained["W"]
    with pytest.raises(SpecError, match=r"no run has \{'density': 0\.3\}\. Pass values of the sweep"):
        trained.where(density=0.3)
    with pytest.raises(SpecError, match="steps is the number of updates"):
        Recipe(steps=True)


def test_models_have_settled_when_nine_in_ten_gained_little_at_the_end():
    runs = sweep(BASE, seed=range(10)).runs
    steps, constant = runs[0].recipe.steps, constant_loss(runs[0])
    before = np.stack([np.full(10, constant), np.full(10, 0.5 * constant)], axis=1)

    def results(final, at=(0, 4 * steps // 5)):
        return Trained(runs, {"final_loss": constant * np.array(final), "snapshot_loss": before}, at)

    assert results([0.49] * 9 + [0.4]).settled and not results([0.49] * 8 + [0.4] * 2).settled
    assert np.allclose(results([0.4] * 5 + [0.55] * 5).late_gain(), [0.1 / 0.6] * 5 + [-0.05 / 0.45] * 5)
    late = results([0.5] * 10, at=(0, steps))  # the last snapshot comes too late to tell, so the first one counts
    assert np.allclose(late.late_gain(), 1.0) and not late.settled
    unknown = Trained(runs, {"final_loss": np.ones(10)})
    assert np.isnan(unknown.late_gain()).all() and unknown.settled
    assert np.isnan(results([0.995] * 10).late_gain()).all(), "models that learned nothing gained nothing"
