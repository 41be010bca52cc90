"""The kernel and its reference in torch train the same models."""

import numpy as np
import pytest
import torch
from scipy.stats import ks_2samp

from sup.constants import EVAL_SAMPLES
from sup.features import Anticorrelated, Correlated
from sup.models import forward, target, weighted_loss
from sup.specs import LINEAR_DECAY, Recipe, Run
from sup.sweeps import vary
from sup.training import compile_kernel, train
from sup.training.torch_update import AdamW
from tests.training.runs import CASES, task, tiny


@pytest.mark.parametrize("run", CASES.values(), ids=CASES.keys())
def test_same_start_same_samples_same_weights(run):
    """Both see the same draws, so their weights differ by rounding only as long as training does not amplify it."""
    runs = [vary(run, seed=seed, steps=30) for seed in range(3)]
    kernel, reference = (train(runs, (0, 1, 10), engine=engine) for engine in ("kernel", "torch"))
    assert kernel.keys() == reference.keys()
    assert all(np.array_equal(kernel[name][:, 0], reference[name][:, 0]) for name in kernel if name.startswith("snapshot_W"))
    for name in kernel:
        assert kernel[name].shape == reference[name].shape
        assert kernel[name].dtype == reference[name].dtype
        np.testing.assert_allclose(kernel[name], reference[name], rtol=0, atol=2e-5)


def test_same_distribution_of_losses():
    """Final losses of independent seeds come from one distribution; fails by chance once in a million (Kolmogorov-Smirnov)."""
    runs = [task(density=0.2, steps=300, batch=256, learning_rate=0.01, seed=seed) for seed in range(40)]
    kernel = train(runs[:20])["final_loss"]
    reference = train(runs[20:], engine="torch")["final_loss"]
    assert ks_2samp(kernel, reference, method="exact").pvalue > 1e-6


def test_distribution_test_can_fail():
    """The same test tells apart models trained a fifteenth as long."""
    runs = [task(density=0.2, steps=steps, batch=256, learning_rate=0.01, seed=seed) for seed in range(20) for steps in (300, 20)]
    long, short = (train(runs[i::2])["final_loss"] for i in range(2))
    assert ks_2samp(long, short, method="exact").pvalue < 1e-6


@pytest.mark.soak
def test_same_distribution_of_geometries():
    """Trained to the end, the share of pentagons agrees: fails by chance less than once in a million (five sigma)."""
    from sup.geometry import feature_norms

    runs = [task(density=0.05, steps=20_000, seed=seed) for seed in range(80)]
    results = train(runs[:40])["W"], train(runs[40:], engine="torch")["W"]
    shares = [np.mean((feature_norms(np.asarray(W)) > 0.5).all(axis=1)) for W in results]
    pooled = np.mean(shares)
    assert abs(shares[0] - shares[1]) <= 5 * np.sqrt(max(pooled * (1 - pooled), 1 / 80) * 2 / 40)


def test_torch_updates_are_those_of_torch():
    """`AdamW` with a recipe per run equals torch's own."""
    torch.manual_seed(0)
    run = task(steps=20, weight_decay=0.1, learning_rate=0.01)
    ours = {"W": torch.randn(1, 2, 5), "b": torch.randn(1, 5)}
    theirs = [p.clone().requires_grad_() for p in ours.values()]
    optimiser, reference = AdamW([run], ours), torch.optim.AdamW(theirs, lr=0.01, weight_decay=0.1)
    for step in range(20):
        gradients = {name: torch.randn_like(p) for name, p in ours.items()}
        for p, g in zip(theirs, gradients.values(), strict=True):
            p.grad = g
        reference.step()
        optimiser.update(gradients, torch.tensor([step]))
    for a, b in zip(ours.values(), theirs, strict=True):
        torch.testing.assert_close(a, b.detach(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("model", ["relu-hidden", "absolute"])
@pytest.mark.parametrize("features", [Correlated(sizes=(2, 3), density=0.3), Anticorrelated(sizes=(2, 3), density=0.3)])
def test_torch_trains_every_model_and_distribution(model, features):
    recipe = Recipe(steps=400, batch=256, learning_rate=0.01, schedule=LINEAR_DECAY)
    runs = [Run(model=model, n_features=5, n_hidden=12, distribution=features, recipe=recipe, seed=seed) for seed in range(2)]
    result = train(runs, (0,), engine="torch")
    assert (result["final_loss"] < 0.75 * result["snapshot_loss"][:, 0]).all()
    alone = train(runs[1:], engine="torch")
    np.testing.assert_allclose(alone["final_loss"], result["final_loss"][1:], rtol=1e-3)


def test_final_loss_is_the_weighted_loss_of_its_task():
    """The kernel's final loss against float64 on a million other samples: five standard errors of both."""
    run = task(density=0.2, steps=200, batch=256, learning_rate=0.01)
    result = train([run])
    rng = np.random.default_rng(0)
    x = torch.tensor(np.where(rng.random((1_000_000, 5)) < 0.2, rng.random((1_000_000, 5)), 0.0))[None]
    parameters = {name: torch.tensor(result[name], dtype=torch.float64) for name in ("W", "b")}
    out = forward("relu-output", parameters, x)
    errors = ((out - target("relu-output", x)) ** 2).mean(dim=2)[0].numpy()
    expected = weighted_loss(out, x, torch.ones(1, 5, dtype=torch.float64)).item()
    assert abs(result["final_loss"][0] - expected) < 5 * errors.std() * (1 / EVAL_SAMPLES + 1e-6) ** 0.5


def test_an_unknown_engine_is_refused_with_the_names_of_both():
    with pytest.raises(ValueError, match="engine is kernel or torch; got 'jax'"):
        train([tiny()], engine="jax")


def test_flushed_subnormals_are_refused():
    from sup.training.kernel.engine import ArithmeticModeError

    if not torch.set_flush_denormal(True):
        pytest.skip("this processor cannot flush subnormals")
    try:
        with pytest.raises(ArithmeticModeError, match="flushes subnormal float32 numbers to zero"):
            train([tiny()])
    finally:
        torch.set_flush_denormal(False)
    assert train([tiny()])["W"].any()


def test_compiling_ahead_compiles_all():
    from sup.sweeps import shape_of
    from sup.training.kernel.engine import constants_of
    from sup.training.kernel.loop import make_loop

    run = vary(CASES["relu-hidden-correlated"], n_hidden=2)
    compile_kernel(shape_of(run))
    loop = make_loop(constants_of(run))
    before = [len(function.signatures) for function in loop]
    train([run])
    assert before == [1, 1] == [len(function.signatures) for function in loop]
