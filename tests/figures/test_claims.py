import math

import pytest

from figures import NAMES, module
from figures.base import Claim, Data, Range, judge
from report.findings import criterion
from sup.statistics import Estimate, exact

OURS = {
    "intro": {"C1", "C2", "C3"},
    "interference_sketch": {"C4"},
    "privileged_basis_sketch": {"C5"},
    "polysemanticity_sketch": {"C89"},
    "basic_small": {"C6", "C7", "C10", "C11", "C12"},
    "basic_large": {"C8", "C9", "C13"},
    "linear_loss": {"C14", "C15", "C20"},
    "one_sparse_loss": {"C16", "C17", "C18", "C19"},
    "deformed_pentagon": {"C44", "C49", "C50", "C51", "C52", "C58", "C59", "C60"},
    "correlated_sets": {"C45", "C46", "C48", "C53", "C54", "C55"},
    "local_bases": {"C56"},
    "collapse": {"C47", "C57"},
    "energy_levels": {"C61", "C62"},
    "octahedron": {"C63", "C64", "C65"},
    "dimension_curve": {"C28", "C29", "C30", "C39"},
    "feature_dimensions": {"C31", "C33", "C34", "C37", "C38"},
    "tegum_products": {"C35", "C36"},
    "polytope_matrices": {"C40", "C41", "C42", "C43"},
    "leverage": {"C32", "C-Z1"},
    "pressure": {"C-P1", "C-P2"},
    "privileged_matrices": {"C70", "C71"},
    "privileged_codes": {"C72", "C73", "C74", "C75"},
    "hidden_bias": {"C76"},
    "absolute_small": {"C77", "C78"},
    "absolute_large": {"C79", "C80", "C82"},
    "absolute_zoom": {"C81"},
    "asymmetric_model": {"C83"},
    "adversarial": {"C66", "C67", "C68"},
    "adversarial_training": {"C69", "C69-F"},
    "l1_penalty": {"C84", "C84-T", "C85", "C86"},
    "activations": {"C-R1", "C-R2"},
    "dictionary": {"C87", "C88", "C-S1", "C-S2"},
    "compressed_sensing": {"C90", "C92"},
    "nonlinear_compression": {"C91"},
    "phase_two": {"C21", "C22", "C25", "C27"},
    "phase_crossing": {"C23"},
    "phase_three": {"C24", "C26"},
    "loss_surfaces": {"C-M1", "C-M2", "C-M3", "C-M4", "C-M5", "C-M6"},
}


def verdict(estimate, *, holds, agrees=None, decides=True):
    words = {"id": "C0", "text": "t", "source": "s", "paper": "p", "quantity": "q"}
    finding = judge(Claim(**words, measure=lambda data: estimate, holds=holds, agrees=agrees), Data(), decides=decides)
    assert finding.estimate is estimate
    assert finding.reason.endswith(".")
    return finding.verdict


def measured(low, value, high):
    return Estimate(value=value, low=low, high=high, seeds=5)


@pytest.mark.parametrize(
    ("estimate", "expected"),
    [
        (measured(0.6, 0.8, 0.9), "reproduced"),
        (measured(0.5, 0.8, 0.9), "reproduced"),
        (measured(0.4, 0.8, 0.9), "untested"),
        (measured(0.1, 0.2, 0.49), "not reproduced"),
        (measured(-math.inf, 0.8, math.inf), "untested"),
        (Estimate(value=math.nan, low=math.nan, high=math.nan, seeds=5), "untested"),
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


def test_a_small_profile_decides_nothing_about_trained_models_but_exact_claims():
    assert verdict(measured(0.6, 0.8, 0.9), holds=Range(low=0.5), decides=False) == "untested"
    assert verdict(exact(0.8), holds=Range(low=0.5), decides=False) == "reproduced"


def test_a_statement_that_is_not_tested_says_why():
    claim = Claim(id="C0", text="t", source="s", paper="p", quantity="q", untested="No model here can decide it.")
    finding = judge(claim, Data(), decides=True)
    assert (finding.verdict, finding.reason) == ("untested", "No model here can decide it.")
    assert math.isnan(finding.estimate.value) and criterion(claim) == "none"


def test_each_claim_has_one_figure_and_says_what_it_measures():
    claims = {name: module(name).CLAIMS for name in NAMES}
    assert {name: {claim.id for claim in found} for name, found in claims.items() if found} == OURS
    everything = [claim for found in claims.values() for claim in found]
    assert len({claim.id for claim in everything}) == len(everything)
    for claim in everything:
        assert all((claim.text.endswith("."), claim.source, claim.paper, claim.quantity))
        assert claim.untested.endswith(".") or math.isfinite(claim.holds.low) or math.isfinite(claim.holds.high)
