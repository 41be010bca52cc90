"""The kernel's JavaScript twin, which runs in a browser: in Node, it gives the same texts, digests and bits as Python."""

import hashlib
import json
import math
import os
import random
import re
import shutil
import struct
import subprocess
from dataclasses import asdict
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from sup import constants
from sup.canonical import canonical_text, content_digest, spec_digest
from sup.draws import normals
from sup.errors import SpecError
from sup.features import Anticorrelated, Correlated, Independent
from sup.initial import initial_parameters
from sup.saved import run_digests
from sup.specs import LINEAR_DECAY, TRAITS, Model, Recipe, Run, geometric
from sup.training import train
from sup.training.selfcheck import DISTRIBUTIONS
from tests.training import twin
from tests.training.runs import CASES

HERE = Path(__file__).parent
LOCK = dict(line.rsplit(" ", 1) for line in (HERE.parents[1] / "selfcheck.lock").read_text().splitlines())
PLAIN_CASES = {name: run for name, run in CASES.items() if name.endswith((*DISTRIBUTIONS, "-large"))}  # none with an option
SMALL = {name: run for name, run in PLAIN_CASES.items() if not name.endswith("-large")}


def odd(model, n, m, features, *, importance=1.0, seed=0, **recipe):
    recipe = Recipe(**{"steps": 10, "batch": 128, "learning_rate": 0.01} | recipe)
    return Run(model=model, n_features=n, n_hidden=m, distribution=features, importance=importance, seed=seed, recipe=recipe)


SIGNED = Independent(density=0.3, low=(-1.0, -0.5, -2.0, -1e-3), high=0.25)
ODD = {
    "one feature": odd("linear", 1, 1, Independent(density=1.0), steps=1, batch=64),
    "dense": odd("relu-output", 5, 2, Independent(density=1.0)),
    "hardly ever": odd("relu-output", 5, 2, Independent(density=1e-6), importance=(3.0, 0.0, 1e-3, 2.0, 1e6), steps=30),
    "signed": odd("absolute", 4, 6, SIGNED, importance=geometric(0.8, 4)),
    "per-feature densities": odd("relu-hidden", 3, 2, Independent(density=(1.0, 1e-6, 0.1)), beta1=0.0, epsilon=1e-30),
    "no decay": odd("relu-hidden", 5, 5, Independent(density=0.1), weight_decay=0.0, init_scale=3.5),
    "no weights": odd("relu-hidden", 6, 3, Correlated(sizes=(2, 4), density=0.4), init_scale=0.0, weight_decay=3.0),
    "most weights": odd("relu-output", 20, 5, Independent(density=0.2), importance=geometric(0.7, 20)),
    "schedule": odd("linear", 5, 2, Independent(density=0.2), schedule=((0.0, 0.0), (0.2, 1.5), (0.3, 0.1), (1.0, 0.0))),
    "decay": odd("absolute", 3, 33, Independent(density=0.2, low=-1.0), schedule=LINEAR_DECAY, learning_rate=0.5),
    "one set": odd("relu-output", 6, 2, Anticorrelated(sizes=(6,), density=1.0)),
    "lone features": odd("absolute", 6, 2, Correlated(sizes=(1, 1, 4), density=(0.05, 1.0, 0.1)), batch=192),
    "far seed": odd("relu-output", 5, 2, Independent(density=0.1), seed=2**63 - 1),
}


def random_run(chance):
    """A run of any model, distribution and recipe, of few steps."""

    def one(low, high):
        return chance.choice([low, high, chance.uniform(low, high), high * 10 ** chance.uniform(-6, 0)])

    def some(low, high, count):
        return one(low, high) if chance.random() < 0.5 else tuple(one(low, high) for _ in range(count))

    n, m = chance.choice([(chance.randint(1, 10), chance.randint(1, 10)), (chance.randint(1, 50), chance.randint(1, 2))])
    cuts = sorted({0, n, *(chance.randint(1, n) for _ in range(chance.randint(0, 3)))})
    sizes = tuple(stop - start for start, stop in pairwise(cuts))
    features = chance.choice(
        [
            Independent(density=some(1e-6, 1.0, n), low=some(-2.0, 0.0, n), high=some(0.1, 1.0, n)),
            Correlated(sizes=sizes, density=some(1e-6, 1.0, len(sizes))),
            Anticorrelated(sizes=sizes, density=some(1e-6, 1.0, len(sizes))),
        ]
    )
    recipe = Recipe(
        steps=chance.randint(1, 12),
        batch=64 * chance.randint(1, 3),
        learning_rate=one(1e-5, 0.5),
        weight_decay=one(0.0, 1.5),
        schedule=((0.0, one(0.1, 2.0)), (chance.uniform(0.01, 0.99), one(0.1, 2.0)), (1.0, one(0.0, 1.0))),
        beta1=one(0.0, 0.99),
        beta2=one(0.0, 0.9999),
        epsilon=one(1e-12, 1e-3),
        init_scale=one(0.0, 4.0),
    )
    model, seed = chance.choice(list(TRAITS)), chance.choice([0, chance.getrandbits(63)])
    importance = some(0.0, 10.0, n)
    return Run(model=model, n_features=n, n_hidden=m, distribution=features, importance=importance, recipe=recipe, seed=seed)


RANDOM = {f"random {i}": random_run(random.Random(i)) for i in range(20)}
RUNS = SMALL | ODD | RANDOM
FLOATS = [0.0, -0.0, 1.0, -1.5, 0.1, 1e-6, 5e-324, -5e-324, 2.0**-1022, 2.0**-1022 - 5e-324, 1.7976931348623157e308, 2.0**53]
FLOATS += [x for i in range(2000) if math.isfinite(x := struct.unpack("<d", random.Random(i).randbytes(8))[0])]
MESSAGES = [random.Random(length).randbytes(length) for length in (*range(200), 1000, 4096)]
WORDS = [0, 1, 2**31 - 1, 2**31, 2**32 - 1, *(random.Random(i).getrandbits(32) for i in range(3000))]
WORDS += [abs(side - round(0.075 * 2**32)) + k for side in (0, 2**32) for k in range(-5, 6)]  # where the formula changes
WORDS += [2**32 - 1 >> shift for shift in range(32)]
ARRAYS = {
    "b": np.array([[1.5, -0.0, 2.0**-149], [0.1, 3e38, -1.0]], np.float32),
    "a": np.array([1e-310, 0.1, -2.5]),
    "final_loss": np.array(0.25),
}
OBSERVED = (("dense", (8,)), ("dense", (0, 3, 10)), ("signed", (1, 5)))
PLAIN = {"model": "relu-output", "n_features": 5, "n_hidden": 2, "distribution": {"kind": "Independent", "density": 0.1}}
ACCEPTED = [
    PLAIN,
    PLAIN | {"importance": 1, "recipe": {"steps": 5, "weight_decay": 0}},
    PLAIN | {"importance": [1, 0, 2, 1, 1]},
]
WRONG = (
    {"model": "tanh"},
    {"n_hidden": 0},
    {"n_hidden": 2.5},
    {"steps": 3},
    {"seed": -1},
    {"seed": str(2**63)},
    {"importance": -1.0},
    {"importance": [1.0, 2.0]},
    {"importance": "high"},
)
WRONG_RECIPES = (
    {"steps": 0},
    {"steps": 2**32},
    {"batch": 100},
    {"learning_rate": 1.0},
    {"weight_decay": -1.0},
    {"beta1": -0.1},
    {"beta2": 1.0},
    {"epsilon": 0.0},
    {"init_scale": -1.0},
    {"momentum": 0.9},
    {"schedule": [[0, 1]]},
    {"schedule": [[0, 1], [0.5, 1], [0.5, 0], [1, 0]]},
    {"schedule": [[0, 1], [1, -1]]},
)
WRONG_FEATURES = (
    {"kind": "Independent"},
    {"kind": "Independent", "density": 0.0},
    {"kind": "Independent", "density": [0.5, 0.5]},
    {"kind": "Independent", "density": 0.5, "low": 1.0},
    {"kind": "Correlated", "sizes": [2, 2], "density": 0.5},
    {"kind": "Correlated", "sizes": [2, 3], "density": [0.5]},
    {"kind": "Anticorrelated", "sizes": [5, 0], "density": 0.5},
)
PYTHON_ONLY = [
    PLAIN | {"activation": "gelu"},
    PLAIN | {"recipe": {"l1": 0.1}},
    PLAIN | {"recipe": {"attack": 0.1}},
    PLAIN | {"recipe": {"dataset": 0}},
    PLAIN | {"distribution": {"kind": "Independent", "density": 0.5, "unit_norm": True}},
]
REFUSED = [PLAIN | wrong for wrong in WRONG] + [PLAIN | {"recipe": wrong} for wrong in WRONG_RECIPES]
REFUSED += [PLAIN | {"distribution": wrong} for wrong in WRONG_FEATURES]


def as_json(run):
    """A run in the twin's format: fields by name, and the seed as digits, since JSON's numbers are read as floats."""
    features = {"kind": type(run.distribution).__name__} | asdict(run.distribution)
    return asdict(run) | {"distribution": features, "seed": str(run.seed)}


def from_json(spec):
    """The run of a spec in the twin's format."""
    kinds = {kind.__name__: kind for kind in (Independent, Correlated, Anticorrelated)}
    features = dict(spec["distribution"])
    features = kinds[features.pop("kind")](**features)
    return Run(**spec | {"distribution": features, "recipe": Recipe(**spec.get("recipe", {})), "seed": int(spec.get("seed", 0))})


def node():
    """Path of the system's Node.js, or of the one that comes with Playwright."""
    playwright = find_spec("playwright")
    places = [None, *(f"{folder}/driver" for folder in (playwright.submodule_search_locations if playwright else ()))]
    path = next(filter(None, (shutil.which("node", path=place) for place in places)), None)
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no node: the JavaScript twin is tested with Node.js; install it")
    return path


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """The twin's answers to all questions of this module."""
    questions = {
        "train": [{"spec": as_json(run), "piece": 1 + i % 7} for i, run in enumerate((*RUNS.values(), CASES["linear-large"]))],
        "observed": [{"spec": as_json(ODD[name]), "snapshots": steps} for name, steps in OBSERVED],
        "texts": [*map(as_json, RUNS.values()), *map(as_json, PLAIN_CASES.values()), *ACCEPTED],
        "refused": [*REFUSED, *PYTHON_ONLY, PLAIN | {"seed": 2**53}],
        "floats": FLOATS,
        "sha256": list(map(list, MESSAGES)),
        "content": {name: {"shape": a.shape, "bits": 8 * a.itemsize, "data": a.ravel().tolist()} for name, a in ARRAYS.items()},
        "normals": WORDS,
        "traits": None,
        "vectors": list(map(as_json, RUNS.values())),
        "source": as_json(ODD["dense"]),
    }
    return asked(questions, tmp_path_factory.mktemp("twin"))


def asked(questions, folder, **variables):
    """The twin's answers in a new process of Node."""
    file = folder / "questions.json"
    file.write_text(json.dumps(questions))
    command, environment = [node(), HERE / "answers.js", file], os.environ | variables
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def trained(answers):
    """The twin's answer for each run, by name."""
    return dict(zip((*RUNS, "large"), answers["train"], strict=True))


def digests_of_the_specification(run):
    """The content digests of a run at its start and at its end, in plain NumPy."""
    start = {name: array[0] for name, array in initial_parameters([run]).items()}
    return content_digest(start), content_digest({name: np.asarray(array) for name, array in twin.train(run).items()})


def test_loops_give_the_bits_of_vectors(answers, tmp_path):
    assert answers["vectors"] == [isinstance(run.distribution, Independent) for run in RUNS.values()]
    assert sum(answers["vectors"]) > 15
    runs = list(map(as_json, RUNS.values()))
    questions = {"train": [{"spec": run, "piece": 5} for run in runs], "vectors": runs}
    assert asked(questions, tmp_path, LOOPS="1") == {"train": answers["train"][:-1], "vectors": [False] * len(runs)}


def test_canonical_texts(answers):
    runs = [*RUNS.values(), *PLAIN_CASES.values(), *map(from_json, ACCEPTED)]
    assert answers["texts"] == list(map(canonical_text, runs))


@pytest.mark.parametrize("name", SMALL)
def test_the_digests_of_the_self_check(trained, name):
    reply = trained[name]
    assert reply["optimiser"] == LOCK[f"{name} optimiser"]
    assert reply["trained"] == LOCK[f"{name} trained"]


@pytest.mark.parametrize("name", ODD | RANDOM)
def test_the_bits_of_the_specification(trained, name):
    run, reply = RUNS[name], trained[name]
    assert reply["spec"] == spec_digest(run)
    assert (reply["start"], reply["trained"]) == digests_of_the_specification(run)


@pytest.mark.parametrize("i", range(len(OBSERVED)))
def test_snapshots_count_in_the_digest_as_they_do_in_the_store(answers, i):
    name, snapshots = OBSERVED[i]
    (digest,) = run_digests(train((ODD[name],), snapshots=snapshots))
    assert answers["observed"][i] == digest


def test_floats_are_written_as_python_does(answers):
    assert answers["floats"] == [value.hex() for value in FLOATS]


def test_sha256(answers):
    assert answers["sha256"] == [hashlib.sha256(message).hexdigest() for message in MESSAGES]


def test_content_digests(answers):
    assert answers["content"] == content_digest(ARRAYS)


def test_normals(answers):
    assert answers["normals"] == normals(np.array(WORDS, np.uint32)).tolist()


def test_traits(answers):
    assert answers["traits"] == {model: asdict(traits) for model, traits in TRAITS.items()}
    assert list(answers["traits"]) == list(get_args(Model)) == list(TRAITS)


@pytest.mark.parametrize("name", ["LANES", "SMALL", "EVAL_SAMPLES"])
def test_the_scripts_have_copies_of_the_shared_constants(name):
    scripts = [(HERE.parents[1] / f"templates/assets/{script}.js").read_text() for script in ("twin", "twin-simd")]
    values = [re.findall(rf"\b{name} = (\d+)[,;]", script) for script in scripts]
    assert values[0] and {*values[0], *values[1]} == {str(getattr(constants, name))}


def test_the_scripts_carry_their_own_source(answers, trained):
    assert answers["source"] == trained["dense"]["trained"]


@pytest.mark.parametrize("i", range(len(REFUSED)), ids=lambda i: json.dumps(REFUSED[i]))
def test_what_python_refuses_is_refused(answers, i):
    with pytest.raises((SpecError, TypeError)):
        from_json(REFUSED[i])
    assert re.match(r"RangeError: .+ is .+; got .+\.$", answers["refused"][i])


def test_a_refusal_says_what_the_field_means(answers):
    refused = answers["refused"]
    assert refused[0] == f'RangeError: model is one of {", ".join(TRAITS)}; got "tanh".'
    assert "a field of Run is one of model, n_features, " in refused[3] and refused[3].endswith('; got "steps".')
    assert refused[-1] == (
        "RangeError: seed is an int of at least 0 and below 2^63, as a string of digits where it is beyond 2^53; "
        "got 9007199254740992."
    )


def test_options_that_only_python_has_are_refused(answers):
    fields = [
        ("activation", '"relu"', '"gelu"'),
        ("l1", "0", "0.1"),
        ("attack", "0", "0.1"),
        ("dataset", "null", "0"),
        ("unit_norm", "false", "true"),
    ]
    expected = [
        f"RangeError: {name} is {default} here; train models with another in the Python package; got {value}."
        for name, default, value in fields
    ]
    assert answers["refused"][len(REFUSED) : -1] == expected
    assert all(from_json(spec) for spec in PYTHON_ONLY)


def test_a_large_model_is_refused(trained):
    assert trained["large"] == (
        "RangeError: n_features * n_hidden is at most 100 here, since the kernel adds up larger gradients in another order; "
        "got 20 * 9 = 180. Train larger models with the Python package."
    )


def test_no_result_before_the_end(trained):
    assert trained["signed"]["early"] == "RangeError: a result is that of all updates; 0 of 10 are done. Call advance(10) first."
