"""Estimates: equal to SciPy's where it has them, intervals with the stated coverage, and laws of composition.

Coverage of shares is computed exactly. Coverage of means is simulated with a fixed seed, against a bound that a correct interval
misses for less than one seed in a million: five standard deviations.
"""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from sup.statistics import (
    Estimate,
    best_of_groups,
    difference,
    distance,
    exact,
    jackknife,
    least,
    mean,
    models_in_groups,
    propagated,
    ratio,
    scatter,
    share,
    undefined,
    worst,
)

TRIALS = 4000
LEAST = 0.95 - 5 * math.sqrt(0.95 * 0.05 / TRIALS)
"""Least share of TRIALS: the coverage of 95 % intervals is below it in less than one simulation in a million."""
MOST = 0.025 + 5 * math.sqrt(0.025 * 0.975 / TRIALS)
"""Largest share of TRIALS in which one end may miss, with the same chance of a false alarm."""
SHARES = (0.0005, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 0.7, 0.9, 0.97, 0.999)


def successes(hits, count):
    return np.arange(count) < hits


def parts(rows, measure=mean):
    return [measure(row, among=len(rows)) for row in rows]


def confidences(among):
    """Of the wide and of the narrow interval: half of the error is for all wide ones together."""
    return (0.95 if among == 1 else 1 - 0.025 / among), 0.95


@pytest.mark.parametrize("among", [1, 3, 14])
def test_means_have_scipys_interval(among):
    samples = np.random.default_rng(0).gamma(2.0, size=7)
    e = mean(samples, among=among)
    wide, narrow = (
        scipy.stats.t.interval(sure, 6, loc=samples.mean(), scale=scipy.stats.sem(samples)) for sure in confidences(among)
    )
    np.testing.assert_allclose((e.low, e.value, e.high), (wide[0], samples.mean(), wide[1]), rtol=1e-12)
    np.testing.assert_allclose(e.narrow, narrow, rtol=1e-12)
    assert (e.models, e.among) == (7, among)


@pytest.mark.parametrize("among", [1, 4])
@pytest.mark.parametrize(("hits", "count"), [(0, 1), (1, 1), (0, 5), (4, 4), (3, 8), (19, 20), (500, 1000)])
def test_shares_have_scipys_exact_interval(hits, count, among):
    e = share(successes(hits, count), among=among)
    wide, narrow = (scipy.stats.binomtest(hits, count).proportion_ci(sure, method="exact") for sure in confidences(among))
    np.testing.assert_allclose((e.low, e.value, e.high), (wide.low, hits / count, wide.high), rtol=1e-9)
    np.testing.assert_allclose(e.narrow, narrow, rtol=1e-9)
    assert (e.models, e.among) == (count, among)


def test_one_model_leaves_a_mean_open_and_equal_models_close_it():
    one = mean(np.array([2.0]))
    assert (one.low, one.value, one.high) == (-math.inf, 2.0, math.inf)
    equal = mean(np.full(3, 2.0))
    assert (equal.low, equal.value, equal.high) == (2.0, 2.0, 2.0)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 20, 60])
def test_shares_cover_every_truth_at_least_as_often_as_they_say(count):
    estimates = [share(successes(hits, count)) for hits in range(count + 1)]
    for truth in SHARES:
        chance = scipy.stats.binom.pmf(range(count + 1), count, truth)
        covered = sum(p for p, e in zip(chance, estimates, strict=True) if e.low <= truth <= e.high)
        assert covered >= 0.95


@pytest.mark.parametrize("count", [2, 3, 5, 20])
def test_means_of_normal_samples_cover_their_truth(count):
    samples = np.random.default_rng(count).normal(3.0, 2.0, (TRIALS, count))
    covered = np.mean([e.low <= 3.0 <= e.high for e in map(mean, samples)])
    assert LEAST <= covered <= 1.9 - LEAST  # the interval is exact, so too high a coverage would be wrong as well


@pytest.mark.parametrize(("count", "other"), [(3, 3), (4, 8), (5, 5), (8, 20), (20, 20)])
def test_differences_of_shares_cover_nearly_as_often_as_they_say(count, other):
    ours, theirs = ([share(successes(hits, n)) for hits in range(n + 1)] for n in (count, other))
    table = [[difference(a, b) for b in theirs] for a in ours]
    low, high = (np.array([[getattr(e, end) for e in row] for row in table]) for end in ("low", "high"))
    for p in SHARES:
        for q in SHARES:
            chance = np.outer(*(scipy.stats.binom.pmf(range(n + 1), n, truth) for n, truth in ((count, p), (other, q))))
            assert chance[(low <= p - q) & (p - q <= high)].sum() >= 0.925


def test_differences_of_shares_are_newcombes_where_their_intervals_are_wilsons():
    def wilson(hits, count):
        interval = scipy.stats.binomtest(hits, count).proportion_ci(method="wilson")
        return Estimate(value=hits / count, low=interval.low, high=interval.high, models=count)

    e = difference(wilson(56, 70), wilson(48, 80))  # Newcombe 1998, table II, example (a), method 10
    assert (round(e.low, 4), round(e.high, 4)) == (0.0524, 0.3339)


def test_differences_of_means_are_never_narrower_than_welchs():
    rng = np.random.default_rng(1)
    for _ in range(200):
        a, b = rng.normal(1.0, rng.uniform(0.1, 5), 6), rng.normal(0.0, rng.uniform(0.1, 5), 6)
        welch = scipy.stats.ttest_ind(a, b, equal_var=False).confidence_interval()
        e = difference(mean(a), mean(b))
        assert e.low <= welch.low + 1e-12 and welch.high - 1e-12 <= e.high


def test_ratios_of_normal_means_cover_their_truth():
    rng = np.random.default_rng(2)
    a, b = rng.normal(4.0, 0.5, (TRIALS, 5)), rng.normal(5.0, 0.8, (TRIALS, 5))
    covered = np.mean([e.low <= 0.8 <= e.high for e in (ratio(mean(x), mean(y)) for x, y in zip(a, b, strict=True))])
    assert covered >= LEAST


positive = st.floats(0.1, 10)


@st.composite
def estimates(draw, values=positive):
    value = draw(values)
    below, above = draw(st.floats(0, 0.9)), draw(st.floats(0, 0.9))
    return Estimate(value=value, low=value * (1 - below), high=value * (1 + above), models=5)


@given(estimates(), estimates())
def test_a_ratios_ends_are_where_the_difference_ends_at_zero(a, b):
    e = ratio(a, b)
    for name in ("low", "high"):  # R is below the ratio where a - R b is above zero with its whole interval
        end = getattr(e, name)
        scaled = Estimate(value=end * b.value, low=end * b.low, high=end * b.high, models=b.models)
        assert getattr(difference(a, scaled), name) == pytest.approx(0, abs=1e-6 * a.value)
    assert e.low <= e.value * (1 + 1e-12) and e.value * (1 - 1e-12) <= e.high


def test_a_ratio_to_a_number_that_may_be_zero_has_no_end():
    b = Estimate(value=1.0, low=-0.1, high=2.1, models=3)
    e = ratio(exact(2.0), b)
    assert (e.low, e.value, e.high) == (-math.inf, 2.0, math.inf)


@given(estimates(), st.floats(-20, 20), st.floats(0.1, 10))
def test_a_distance_is_the_image_of_the_interval(e, target, unit):
    d = distance(e, target, unit)
    image = np.abs(np.append(np.linspace(e.low, e.high, 9), np.clip(target, e.low, e.high)) - target) / unit
    np.testing.assert_allclose((d.low, d.high), (image.min(), image.max()), atol=1e-12)
    assert d.low <= d.value <= d.high and (d.models, d.among) == (e.models, e.among)


@pytest.mark.parametrize("truths", [(1, 1, 1, 1), (1, 0.9, 0.5, 0), (1, 0, 0, 0)])
@pytest.mark.parametrize("spread", [(1, 1, 1, 1), (0.1, 1, 3, 10), (10, 3, 1, 0.1)])
def test_the_worst_of_several_means_covers_the_largest_truth(truths, spread):
    """Each end by itself misses at most as often as the proof allows: .025."""
    rng = np.random.default_rng(3)
    samples = np.array(truths)[:, None] + np.array(spread)[:, None] * rng.normal(size=(TRIALS, 4, 3))
    found = [worst(parts(rows)) for rows in samples]
    above, below = np.mean([e.low > 1 for e in found]), np.mean([e.high < 1 for e in found])
    assert max(above, below) <= MOST and above + below <= 1 - LEAST


def test_the_upper_end_of_the_worst_needs_no_correction_and_wastes_none():
    """One part far above the others: its own 95 % interval decides, so the upper end misses in .025 of all cases, no fewer."""
    samples = np.array([9.0, 0, 0, 0])[:, None] + np.random.default_rng(5).normal(size=(TRIALS, 4, 5))
    below = np.mean([worst(parts(rows)).high < 9 for rows in samples])
    assert 0.05 - MOST <= below <= MOST


@pytest.mark.parametrize("truths", [(0, 0, 0, 0), (0.5, 0, 0, 0), (2, -2, 2, -2), (3, -1, 0.2, 0)])
def test_the_worst_and_the_least_of_several_distances_cover_theirs(truths):
    """A distance is missed on either side of its target; both ends together still miss at most .05."""
    samples = np.array(truths)[:, None] + np.random.default_rng(6).normal(size=(TRIALS, 4, 3))
    for compose, truth in ((worst, max(map(abs, truths))), (least, min(map(abs, truths)))):
        found = [compose([distance(e, 0.0) for e in parts(rows)]) for rows in samples]
        above, below = np.mean([e.low > truth for e in found]), np.mean([e.high < truth for e in found])
        assert max(above, below) <= MOST and above + below <= 1 - LEAST


def test_the_least_of_several_shares_covers_the_smallest():
    """Exactly: of two shares of six and of nine models."""
    tables = [[share(successes(hits, n), among=2) for hits in range(n + 1)] for n in (6, 9)]
    table = [[least([a, b]) for b in tables[1]] for a in tables[0]]
    low, high = (np.array([[getattr(e, end) for e in row] for row in table]) for end in ("low", "high"))
    for p in SHARES:
        for q in SHARES:
            chance = np.outer(*(scipy.stats.binom.pmf(range(n + 1), n, truth) for n, truth in ((6, p), (9, q))))
            assert chance[low > min(p, q)].sum() <= 0.025 and chance[high < min(p, q)].sum() <= 0.025


@given(st.integers(2, 9))
def test_what_is_made_of_two_estimates_has_both_intervals(among):
    """The narrow interval of a difference, ratio or distance is what two estimates by themselves would give."""
    one, other = np.array([4.0, 4.5, 5.0]), np.array([2.0, 2.1, 2.3])
    for compose in (difference, ratio):
        alone, together = (compose(mean(one, among=k), mean(other, among=k)) for k in (1, among))
        assert together.narrow == (alone.low, alone.high) and together.low < alone.low < alone.high < together.high
    alone, together = (distance(mean(one, among=k), 1.0) for k in (1, among))
    assert together.narrow == (together.low, alone.high) and together.low < alone.low


def test_the_worst_and_the_least_take_each_end_by_itself():
    rows = np.array([[5.0, 6.0, 5.5], [1.0, 9.0, 5.0], [4.0, 4.1, 4.2]])
    a, b, c = parts(rows)
    e = worst([a, b, c])
    assert (e.value, e.low, e.high, e.models, e.among) == (a.value, max(a.low, c.low), b.narrow[1], 9, 1)
    e = least([a, b, c])
    assert (e.value, e.low, e.high) == (c.value, b.narrow[0], min(a.high, c.high))
    mirrored = worst(parts(-rows))
    assert (-mirrored.value, -mirrored.high, -mirrored.low) == (e.value, e.low, e.high)


@given(st.lists(st.floats(-10, 10), min_size=2, max_size=9), st.integers(1, 5))
def test_the_jackknife_of_a_mean_is_the_mean_with_its_interval(samples, among):
    samples = np.array(samples)
    e = jackknife(samples.mean(), [np.delete(samples, k).mean() for k in range(len(samples))], among=among)
    expected = mean(samples, among=among)
    np.testing.assert_allclose((e.low, e.high, *e.narrow), (expected.low, expected.high, *expected.narrow), atol=1e-6)
    assert e.among == expected.among == among


def test_the_jackknife_covers_a_mean_over_pairs():
    """The mean distance of two normal samples, 2 / sqrt(pi); nearly, since it is no mean of normal samples."""

    def apart(row):
        return np.abs(row[:, None] - row).sum() / (len(row) * (len(row) - 1))

    samples = np.random.default_rng(8).normal(size=(600, 20))
    estimates = [jackknife(apart(row), [apart(np.delete(row, k)) for k in range(20)]) for row in samples]
    covered = np.mean([e.low <= 2 / math.sqrt(math.pi) <= e.high for e in estimates])
    assert 0.88 < covered < 0.99


def test_a_jackknife_needs_numbers_and_samples():
    assert math.isnan(jackknife(1.0, [1.0, math.nan]).value)
    one = jackknife(1.0, [0.5])
    assert (one.low, one.value, one.high) == (-math.inf, 1.0, math.inf)


def test_a_part_without_a_number_leaves_none():
    e = worst([mean(np.arange(3.0), among=2), undefined(4)])
    assert math.isnan(e.value) and e.models == 7


def test_more_parts_make_wider_intervals():
    samples, hits = np.arange(5.0), successes(3, 5)
    for measure, row in ((mean, samples), (share, hits)):
        widths = [(e := measure(row, among=k)).high - e.low for k in (1, 2, 5, 20)]
        assert widths == sorted(widths) and len(set(widths)) == 4


def test_parts_that_were_estimated_alone_are_refused():
    with pytest.raises(ValueError, match=r"each of 2 parts needs an interval for 2 that are judged together; got among=\[1\]. E"):
        worst([mean(np.arange(3.0)), mean(np.arange(4.0))])
    for compose in (difference, ratio):
        with pytest.raises(ValueError, match="intervals of one confidence; got among=1 and among=2"):
            compose(mean(np.arange(3.0)), mean(np.arange(4.0), among=2))


def test_an_exact_number_goes_with_any_part():
    e = least([exact(3.0), *parts(np.array([[5.0, 6.0], [7.0, 9.0]]))[:1]])
    assert e.high == 3.0
    assert difference(mean(np.arange(3.0), among=4), exact(1.0)).among == 4


def test_an_estimate_may_rest_on_more_models_than_samples():
    assert share(successes(2, 3)).over(15) == Estimate(**{**_fields(share(successes(2, 3))), "models": 15})
    nothing = undefined(8)
    assert nothing.models == 8 and all(map(math.isnan, (nothing.low, nothing.value, nothing.high)))


def _fields(e):
    return {name: getattr(e, name) for name in ("value", "low", "high", "models", "among")}


@given(st.integers(1, 40), st.integers(1, 12))
def test_models_in_groups_are_those_that_are_compared(seeds, group):
    best = best_of_groups(np.zeros(seeds), group)
    assert models_in_groups(seeds, group) == len(best) * min(group, seeds)


def test_the_scatter_of_a_curve_is_that_of_its_noise_and_not_of_its_bends():
    points = np.arange(40.0)
    bent = np.interp(points, [0, 10, 25, 39], [1, 1, 0.5, 0.2])
    assert scatter(points, bent) == pytest.approx(0, abs=1e-12)
    rough = bent + 0.01 * (-1) ** points
    assert scatter(points, rough) == pytest.approx(0.02 / 1.5**0.5 / 0.6745, rel=1e-6)
    noisy = [scatter(points, bent + np.random.default_rng(seed).normal(0, 0.01, 40)) for seed in range(200)]
    assert np.mean(noisy) == pytest.approx(0.01, rel=0.15)  # 200 medians of 38: more than five standard errors
    assert np.isnan(scatter(points[:2], bent[:2]))


def test_noise_is_propagated_to_what_is_computed_from_a_curve():
    alone, one_of_two = propagated(1.0, np.array([0.3, 0.4, 0.0])), propagated(1.0, np.array([0.3, 0.4, 0.0]), among=2)
    assert alone.high - 1 == pytest.approx(0.5 * 12.7062, rel=1e-4) and alone.models == 3
    assert one_of_two.narrow == (alone.low, alone.high) and one_of_two.high > alone.high
    assert np.isnan(propagated(np.nan, np.ones(3)).value) and np.isnan(propagated(1.0, np.array([1, np.nan, 1])).value)
    assert propagated(1.0, np.ones(2)).high == np.inf
