import numpy as np
import pytest

from figures.adversarial import gradient_masking
from figures.adversarial.attacks import SMALL
from figures.base import Size, judge
from figures.shared.pushes import samples
from figures.style import THEMES
from sup.robustness import gradient_harm
from tests.figures.models import changed, trained, turned
from tests.figures.pictures import assert_legible, assert_readable


def dedicated(run):
    """A model with one feature per dimension, recovered at 81 %, so that an active feature has a gradient."""
    return turned(0.9 * np.eye(run.n_hidden, run.n_features), run.seed)


@pytest.fixture(scope="module")
def followed():
    needed = gradient_masking.needs(Size(steps=1, seeds=3))
    return gradient_masking.reduce({name: trained(sweep, dedicated) for name, sweep in needed.items()})


def verdicts(data):
    return {claim.id: judge(claim, data, decides=True).verdict for claim in gradient_masking.CLAIMS}


def test_the_gradient_sees_nothing_where_no_feature_is_active(followed):
    x = samples(SMALL.features, 0.01, gradient_masking.SAMPLES)[:, : SMALL.hidden]
    np.testing.assert_allclose(followed["blind"][-1], (~x.any(axis=1)).mean())
    assert (followed["blind"][0] == 0).all() and (followed["closed"][-1] > 0.9).all()


@pytest.mark.parametrize(("name", "length"), [("one step of the whole norm", 0.1), ("one step of a tenth", 0.01)])
def test_a_step_along_the_gradient_makes_errors_longer(name, length):
    """The error is -0.19 x in the model's dimensions, and the step makes it longer by 0.81 of its own length."""
    run = gradient_masking.needs(Size(steps=1, seeds=1))["base"].runs[0]
    x = 0.5 + 0.5 * np.random.default_rng(0).random((20, run.n_features))
    before = 0.19 * np.linalg.norm(x[:, : run.n_hidden], axis=1)
    found = gradient_masking.attack(dedicated(run), np.zeros(run.n_features), x, 0.1, name)
    np.testing.assert_allclose(found.added, (before + 0.81 * length) ** 2 - before**2)


def test_random_starts_lie_in_the_ball_and_no_attack_leaves_it():
    x = np.zeros((400, 6))
    start = gradient_masking._start(x, 0.3)
    norms = np.linalg.norm(start, axis=1)
    assert norms.max() <= 0.3 and abs((norms < 0.3 * 0.5 ** (1 / 6)).mean() - 0.5) < 0.13  # five standard errors
    assert gradient_harm(np.eye(6), np.full(6, -1.0), x, 0.3, start=start).added.tolist() == [0.0] * 400


@pytest.mark.parametrize(
    ("gains", "expected"),
    [((0.2, 0.3, 0.3, 0.3, 0.3, 9, 9), "reproduced"), ((1.1, 1.2, 1.2, 1.2, 1.2, 0.3, 0.1), "not reproduced")],
)
def test_only_attacks_of_the_whole_norm_decide_whether_gradients_fail(followed, gains, expected):
    scatter = 0.01 * np.random.default_rng(0).normal(size=(7, 5))
    data = changed(followed, sparsest=np.array(gains)[:, None] + scatter)
    assert verdicts(data) == {"C68": expected}
    rows = gradient_masking.CLAIMS[0].rows(data)
    assert [row["along the gradient"] for row in rows] == list(gradient_masking.ATTACKS)
    # The models ignore all but their first features: a sample without those has no gradient, unless the attack starts elsewhere.
    x = samples(SMALL.features, 0.01, gradient_masking.SAMPLES)
    lost = (~x[:, : SMALL.hidden].any(axis=1))[x.any(axis=1)].mean()
    shown = {row["along the gradient"]: row["active samples without a gradient at the start"] for row in rows}
    assert shown.pop("20 steps of an eighth, from a random point") == f"{data['lost'][3].mean():.1%}" != f"{lost:.1%}"
    assert set(shown.values()) == {f"{lost:.1%}"}


def test_models_that_disagree_leave_it_open_whether_gradients_fail(followed):
    data = changed(followed, sparsest=np.tile([0.2, 0.8, 0.5], (7, 1)))
    assert verdicts(data) == {"C68": "undecided"}


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_the_picture_is_readable(followed, theme):
    drawn = gradient_masking.draw(followed, theme)
    assert_readable(drawn)
    assert_legible(drawn, theme)
