"""Numbers and verdicts come back from their rows as they went in, and the rows keep their contract."""

import json
import math
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from figures.base import Claim, Data, Range, Value, judge
from report.findings import ClaimRecord, TrainedOn, claim_record, value_of, value_row
from report.records import RunRecord
from sup.statistics import Estimate, exact
from tests.report import fakes


def through_json(row):
    return json.loads(json.dumps(row, allow_nan=False))


ends = st.floats(allow_nan=False)


@given(value=st.floats(allow_infinity=False), interval=st.none() | st.tuples(ends.filter(lambda x: x < math.inf), ends))
def test_a_value_comes_back_from_its_row(value, interval):
    if interval and interval[1] == -math.inf:
        interval = None
    made = Value(value=value, unit="%", digits=3, interval=interval)
    back = value_of(through_json(value_row(made)))
    assert repr(back) == repr(made)  # repr, since NaN differs from itself


def judged(estimate, **changes):
    words = {"id": "C0", "text": "Loss is high.", "source": "here", "paper": "high", "quantity": "mean loss"}
    claim = Claim(**words, measure=lambda data: estimate, holds=Range(low=0.5), **changes)
    return claim_record(judge(claim, Data(), decides=True), Data())


def test_a_claim_comes_back_from_its_row():
    rows = [{"density": "1", "count": "5"}]
    made = judged(Estimate(value=0.8, low=0.6, high=math.inf, models=5), rows=lambda data: rows)
    assert made.interval == (0.6, None) and made.rows == rows
    placed = replace(made, figure="tiny", profile="smoke", runs=(TrainedOn(sweep="tiny/models", count=5, digest="d"),))
    for record in (made, placed, judged(exact(math.nan))):
        assert ClaimRecord.from_row(through_json(record.row())) == record


def test_an_exact_claim_has_no_interval_and_an_undefined_one_has_no_value():
    assert judged(exact(0.8)).interval is None and judged(exact(0.8)).seeds == 0
    assert judged(exact(math.nan)).value is None


def test_the_row_of_a_claim_has_the_fields_of_the_contract_in_order():
    contract = "id figure source text paper value unit interval seeds measured needed holds agrees identity verdict reason "
    contract += "profile engine runs rows cause"
    assert list(fakes.claim("C1", "intro").row()) == contract.split()


def test_a_run_comes_back_from_its_row_even_with_a_density_for_each_feature():
    for density in (0.1, (0.5, 0.1)):
        made = replace(fakes.run(3), density=density)
        assert RunRecord.from_row(through_json(made.row())) == made
