import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from figures import NAMES, module
from figures.base import Claim, Data, Range, judge
from report.findings import claim_record
from sup.statistics import Estimate, exact


def verdict(estimate, *, holds, agrees=None, decides=True):
    words = {"id": "C0", "text": "t", "source": "s", "paper": "p", "quantity": "q"}
    finding = judge(Claim(**words, measure=lambda data: estimate, holds=holds, agrees=agrees), Data(), decides=decides)
    assert finding.estimate is estimate
    assert finding.reason.endswith(".")
    return finding.verdict


def measured(low, value, high):
    return Estimate(value=value, low=low, high=high, models=5)


@pytest.mark.parametrize(
    ("estimate", "expected"),
    [
        (measured(0.6, 0.8, 0.9), "reproduced"),
        (measured(0.5, 0.8, 0.9), "reproduced"),
        (measured(0.4, 0.8, 0.9), "undecided"),
        (measured(0.1, 0.2, 0.49), "not reproduced"),
        (measured(-math.inf, 0.8, math.inf), "undecided"),
        (Estimate(value=math.nan, low=math.nan, high=math.nan, models=5), "undecided"),
        (exact(0.5), "reproduced"),
        (exact(0.49), "not reproduced"),
    ],
)
def test_the_whole_interval_decides(estimate, expected):
    assert verdict(estimate, holds=Range(low=0.5)) == expected


def test_a_statement_that_holds_with_another_number_differs():
    paper = Range(low=2.0, high=3.0)
    assert verdict(measured(4, 5, 6), holds=Range(low=1), agrees=paper) == "differs"
    assert verdict(measured(2.5, 5, 6), holds=Range(low=1), agrees=paper) == "reproduced"
    assert verdict(measured(0.1, 0.2, 0.3), holds=Range(low=1), agrees=paper) == "not reproduced"


unit = st.floats(-2, 2)


@given(st.tuples(unit, unit, unit, unit, unit).map(sorted), st.tuples(unit, unit).map(sorted))
def test_verdicts_are_monotone(ends, needed):
    """A narrower interval keeps a decided verdict; a number that is farther inside is never judged worse."""
    outer_low, inner_low, value, inner_high, outer_high = ends
    holds = Range(low=needed[0], high=needed[1])
    wide, narrow = (verdict(measured(*e), holds=holds) for e in ((outer_low, value, outer_high), (inner_low, value, inner_high)))
    assert wide == "undecided" or narrow == wide
    order = ("not reproduced", "undecided", "reproduced")
    at_least = Range(low=needed[0])
    lower, higher = (
        verdict(measured(*e), holds=at_least) for e in ((outer_low, inner_low, value), (value, inner_high, outer_high))
    )
    assert order.index(lower) <= order.index(higher)


def test_a_small_profile_decides_exact_claims_and_nothing_about_trained_models():
    assert verdict(measured(0.6, 0.8, 0.9), holds=Range(low=0.5), decides=False) == "undecided"
    assert verdict(exact(0.8), holds=Range(low=0.5), decides=False) == "reproduced"


def test_models_that_have_not_settled_decide_nothing_about_a_claim_that_rests_on_models():
    def unsettled(estimate):
        claim = Claim(id="C0", text="t", source="s", paper="p", quantity="q", measure=lambda data: estimate, holds=Range(low=0.5))
        finding = judge(claim, Data(unsettled=("relu", "wide")), decides=True)
        return finding.verdict, finding.reason

    verdict, reason = unsettled(measured(0.6, 0.8, 0.9))
    assert verdict == "undecided" and reason.endswith("they still change at the end of training: relu, wide.")
    assert unsettled(exact(0.8))[0] == "reproduced"
    claim = Claim(
        id="C0", text="t", source="s", paper="p", quantity="q", measure=lambda data: measured(0.6, 0.8, 0.9), holds=Range(low=0.5)
    )
    assert judge(claim, Data(unsettled=("base",)), decides=True).verdict == "undecided"


def test_the_criterion_says_what_is_measured_and_what_is_needed():
    words = {"id": "C0", "text": "t", "source": "s", "paper": "p", "quantity": "mean loss", "unit": "levels"}
    claim = Claim(**words, measure=lambda data: exact(3.0), holds=Range(low=1), agrees=Range(low=2, high=3))
    record = claim_record(judge(claim, Data(), decides=True), Data())
    assert (
        record.criterion
        == "Measured: mean loss. Needed: at least 1 levels; to agree with the paper's number, between 2 and 3 levels."
    )


def test_a_statement_that_is_not_testable_says_why():
    claim = Claim(id="C0", text="t", source="s", paper="p", quantity="q", not_testable="No model here can decide it.")
    finding = judge(claim, Data(), decides=True)
    assert (finding.verdict, finding.reason) == ("not testable", "No model here can decide it.")
    assert math.isnan(finding.estimate.value) and claim_record(finding, Data()).criterion == ""


def test_each_claim_has_one_figure_and_says_what_it_measures():
    everything = [claim for name in NAMES for claim in module(name).CLAIMS]
    assert len({claim.id for claim in everything}) == len(everything)
    for claim in everything:
        assert all((claim.text.endswith("."), claim.source, claim.paper, claim.quantity))
        assert claim.not_testable.endswith(".") or math.isfinite(claim.holds.low) or math.isfinite(claim.holds.high)
