import numpy as np
import pytest

from figures import intro
from figures.base import FIRST_SEED, Size, judge
from figures.shared.circle import gaps
from figures.style import THEMES
from sup.geometry import gram
from sup.statistics import best_of_groups
from tests.figures.models import circle, nth, padded, trained, turned
from tests.figures.pictures import assert_readable

SQUARE = padded(circle(90, 0, 180, 270), 5)
PENTAGON = circle(90, 18, -54, 234, 162, length=1.1)
PAPER = {1.0: padded(circle(90, 0), 5), 0.2: SQUARE, 0.1: PENTAGON}


def runs(weights, seeds=30, losses=None):
    sweep = intro.needs(Size(steps=1, seeds=seeds))["relu"]
    return {"relu": trained(sweep, lambda run: turned(weights(run), run.seed), losses=losses)}


def density(run):
    return run.distribution.density


def as_in_the_paper(run):
    return PAPER[density(run)]


def verdicts(found):
    data = intro.reduce(found)
    return [judge(claim, data, decides=True).verdict for claim in intro.CLAIMS]


def test_it_needs_the_papers_models():
    sweep = intro.needs(Size(steps=7, seeds=4))["relu"]
    assert len(sweep.runs) == 12
    assert {density(run) for run in sweep.runs} == {1.0, 0.2, 0.1}
    run = sweep.runs[0]
    assert (run.model, run.n_features, run.n_hidden, run.recipe.steps) == ("relu-output", 5, 2, 7)
    assert run.importance == pytest.approx(0.9 ** np.arange(5))


def test_it_draws_the_model_with_the_lowest_loss():
    data = intro.reduce(runs(as_in_the_paper, losses=lambda run: abs(nth(run) - 3)))
    assert data["drawn"].tolist() == [FIRST_SEED + 3] * 3
    assert data["ideal"].all()
    assert [data.values[f"count_{p}"].value for p in ("1", "0.2", "0.1")] == [2, 4, 5]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("W", PAPER.values())
def test_turning_upright_changes_no_product_and_is_the_same_for_all(W, seed):
    upright = intro.upright(turned(W, seed))
    np.testing.assert_allclose(gram(upright[None]), gram(W[None]), atol=1e-12)
    np.testing.assert_allclose(upright, intro.upright(W), atol=1e-9)
    assert np.degrees(np.arctan2(upright[1, 0], upright[0, 0])) == pytest.approx(90 - intro.TILT)


def test_gaps_of_known_arrangements():
    np.testing.assert_allclose(gaps(turned(PENTAGON, 1)), [72] * 5)
    np.testing.assert_allclose(gaps(turned(SQUARE, 1)), [90] * 4)
    assert gaps(padded(circle(40), 5)).tolist() == [360]
    assert gaps(np.zeros((2, 5))).tolist() == []


def test_an_arrangement_is_right_within_ten_degrees_and_with_the_right_features():
    def pentagon_bent_by(degrees):
        return circle(90 + degrees, 18, -54, 234, 162)[None]

    assert intro.IDEALS[2](pentagon_bent_by(9)).all() and not intro.IDEALS[2](pentagon_bent_by(11)).any()
    assert intro.IDEALS[1](SQUARE[None]).all()
    assert not intro.IDEALS[1](SQUARE[None][:, :, [0, 4, 1, 2, 3]]).any()  # a more important feature is the one ignored
    assert not intro.IDEALS[1](np.where(SQUARE == 0, 0.2, SQUARE)[None]).any()  # the fifth is not at zero
    assert not intro.IDEALS[0](padded(circle(90, 270), 5)[None]).any()


def test_the_best_of_five_equals_a_loop():
    rng = np.random.default_rng(0)
    found, loss = rng.random((3, 17)) < 0.5, rng.random((3, 17))
    expected = [[found[k, 5 * g + int(np.argmin(loss[k, 5 * g : 5 * g + 5]))] for g in range(3)] for k in range(3)]
    assert np.take_along_axis(found, best_of_groups(loss, intro.GROUP), axis=1).tolist() == expected
    assert best_of_groups(loss[:, :3], intro.GROUP).shape == (3, 1)


def test_claims_are_reproduced_by_the_papers_arrangements():
    assert verdicts(runs(as_in_the_paper)) == ["reproduced"] * 3


def test_claims_fail_on_other_arrangements():
    others = {1.0: SQUARE, 0.2: PENTAGON, 0.1: SQUARE}
    assert verdicts(runs(lambda run: others[density(run)])) == ["not reproduced"] * 3


def test_claims_are_undecided_when_fits_disagree_or_are_few():
    assert verdicts(runs(lambda run: as_in_the_paper(run) if nth(run) < 18 else SQUARE * 0.1)) == ["undecided"] * 3
    assert verdicts(runs(as_in_the_paper, seeds=10)) == ["undecided"] * 3


def test_claims_rest_on_the_best_of_five_and_also_count_single_models():
    """One good model in five is enough if its loss is the lowest, and the rows show that it was one in five."""
    data = intro.reduce(runs(lambda run: as_in_the_paper(run) if run.seed % 5 == 0 else SQUARE * 0.1))
    findings = [judge(claim, data, decides=True) for claim in intro.CLAIMS]
    assert [finding.verdict for finding in findings] == ["reproduced"] * 3
    assert findings[2].estimate.models == 30
    assert intro.CLAIMS[2].rows(data)[0] == {"of": "single models", "so arranged": "6", "all": "30"}


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
@pytest.mark.parametrize("W", [None, np.zeros((2, 5)), padded(circle(40), 5), SQUARE, PENTAGON], ids=str)
def test_its_pictures_are_readable_whatever_was_learned(theme, W):
    data = intro.reduce(runs(as_in_the_paper if W is None else lambda run: W, seeds=2))
    assert_readable(intro.draw(data, theme))


def test_its_words_follow_the_data():
    def words(data):
        return {text.get_text() for axes in intro.draw(data, THEMES[0]).axes for text in axes.texts}

    usual = words(intro.reduce(runs(as_in_the_paper, seeds=1)))
    assert {"2 features at a right angle", "4 features in two antipodal pairs", "5 features in a pentagon"} <= usual
    assert "interference" in usual
    other = words(intro.reduce(runs(lambda run: SQUARE, seeds=1)))
    assert "4 features represented" in other and "interference" not in other
