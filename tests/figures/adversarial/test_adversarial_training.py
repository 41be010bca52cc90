import numpy as np
import pytest

from figures.adversarial import adversarial_training
from figures.adversarial.adversarial_training import BEYOND, FEATURES, HIDDEN, SHARES
from figures.base import Size, judge
from figures.style import THEMES
from sup.results import Trained
from sup.robustness import mean_norm
from tests.figures.models import blocks, changed, trained, turned
from tests.figures.pictures import assert_legible, assert_readable

ONE, PAIR = np.eye(1), np.array([[1.0, -1.0]])


def keeping(count):
    """A model that keeps `count` features, one to a dimension, or in pairs where there are more features than dimensions."""
    pairs, alone = max(0, count - HIDDEN), min(count, 2 * HIDDEN - count)
    W = blocks(FEATURES, *[PAIR] * pairs, *[ONE] * alone)
    return np.concatenate([W, np.zeros((HIDDEN - len(W), FEATURES))])


def trained_against(kept, length=lambda share: 1.0, seeds=3):
    """Models that keep `kept` features of the given length at each strength."""
    needed = adversarial_training.needs(Size(steps=1, seeds=seeds))
    norms = [adversarial_training.norm(share) for share in SHARES]

    def weights(run):
        k = norms.index(run.recipe.attack)
        return length(SHARES[k]) * turned(keeping(kept[k]), run.seed)

    return adversarial_training.reduce(
        {name: trained(sweep, weights, losses=lambda run: 1.0 + run.recipe.attack) for name, sweep in needed.items()}
    )


def kept(*, at, before=40, after=20):
    """Features that are kept at each strength: fewer from `at` on."""
    return tuple(after if share >= at else before for share in SHARES)


def verdicts(data):
    return {claim.id: judge(claim, data, decides=True).verdict for claim in adversarial_training.CLAIMS}


@pytest.mark.parametrize(
    ("at", "gone", "expected"),
    [(0.8, 0.8, "reproduced"), (0.95, 0.95, "differs"), (0.1, 0.1, "not reproduced"), (2.0, BEYOND, "not reproduced")],
)
def test_when_superposition_is_gone(at, gone, expected):
    data = trained_against(kept(at=at))
    np.testing.assert_array_equal(data["gone"], [gone] * 3)
    assert data["embedded"][:, 0].tolist() == [2.0 if share < at else 1.0 for share in SHARES]
    assert verdicts(data)["C69-F"] == expected


def test_superposition_that_comes_back_was_not_gone():
    counts = [*kept(at=0.2)]
    counts[SHARES.index(0.8)] = 40
    assert trained_against(counts)["gone"].tolist() == [0.85] * 3


def test_short_features_that_share_dimensions_are_still_in_superposition():
    """All norms fall below a half at 0.8: no feature counts as represented, but all are embedded in pairs."""
    data = trained_against(kept(at=2.0), length=lambda share: 0.3 if share >= 0.8 else 1.0)
    assert data["per_dimension"][-1].tolist() == [0] * 3 and data["embedded"][-1].tolist() == [2] * 3
    np.testing.assert_allclose(data["middle"], 0.5)
    assert data["gone"].tolist() == [BEYOND] * 3


def test_a_few_shared_dimensions_count_as_superposition_and_dust_does_not():
    """With 24 features, 8 of them share; with 21, 2 of 21 do, which is less than a tenth."""
    W = np.stack([keeping(24), keeping(21), keeping(20) + 0.02 * turned(np.eye(HIDDEN, FEATURES, 40), 0), 0 * keeping(20)])
    embedded, dedicated, middle = adversarial_training._sharing(W)
    np.testing.assert_allclose(embedded, [1.2, 1.05, 1.0, 0.0])
    np.testing.assert_allclose(dedicated, [16 / 24, 19 / 21, 1.0, 1.0])
    np.testing.assert_allclose(middle[[0, 1, 3]], 1.0)


def test_models_that_disagree_leave_the_strength_open():
    data = trained_against(kept(at=0.8))
    assert verdicts(changed(data, gone=[0.4, 0.9, 0.4]))["C69-F"] == "undecided"
    assert verdicts(changed(data, gone=[0.9, 0.95, 0.9, 0.95]))["C69-F"] == "differs"


@pytest.mark.parametrize(("before", "expected"), [(40, "reproduced"), (24, "not reproduced")])
def test_superposition_is_reduced_if_a_quarter_of_the_features_is_lost(before, expected):
    assert verdicts(trained_against(kept(at=0.4, before=before)))["C69"] == expected


def test_attacks_in_training_are_shares_of_the_mean_norm():
    assert adversarial_training.MEAN_NORM == round(mean_norm(FEATURES, adversarial_training.DENSITY), 9)
    needed = adversarial_training.needs(Size(steps=1, seeds=1))
    attacks = [run.recipe.attack for run in needed["attacked"].runs]
    np.testing.assert_allclose(attacks, np.array(SHARES[1:]) * mean_norm(FEATURES, 0.1), atol=1e-6)
    assert {run.recipe.attack for run in needed["clean"].runs} == {0.0}


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_the_picture_is_readable(theme):
    drawn = adversarial_training.draw(trained_against(kept(at=0.8)), theme)
    assert_readable(drawn)
    assert_legible(drawn, theme)


def test_models_that_still_dedicate_dimensions_decide_nothing():
    sweep = adversarial_training.needs(Size(steps=10, seeds=4))["attacked"]
    still = trained(sweep, lambda run: keeping(20))

    def before(few):
        """The models at their late step, where one in `few` still kept pairs."""
        W = np.stack([keeping(20 if k % few else 40) for k in range(len(still))]).astype(np.float32)
        return Trained(still.runs, {**still.arrays, "snapshot_W": W[:, None]}, snapshots=(8,))

    assert adversarial_training._shifting(still) == ()
    assert adversarial_training._shifting(before(len(still))) == ()
    assert adversarial_training._shifting(before(5)) == ("attacked",)
