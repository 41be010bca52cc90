"""Settings in words: what a reader must know about a figure's models."""

from report.settings import settings
from sup.features import Correlated, Independent
from sup.specs import Recipe, Run, geometric
from sup.sweeps import sweep


def run(features=20, hidden=5, importance=1.0, density=0.1, **changes):
    """A run with few steps."""
    distribution = changes.pop("distribution", Independent(density=density))
    return Run(
        model=changes.pop("model", "relu-output"),
        n_features=features,
        n_hidden=hidden,
        importance=importance,
        distribution=distribution,
        recipe=Recipe(steps=1500),
        **changes,
    )


def test_sweeps_of_one_size_make_one_line_and_shared_models_count_once():
    base = run(importance=geometric(0.7, 20))
    both = [sweep(base, density=(0.001, 1.0), seed=range(700)), sweep(base, density=(1.0, 0.03), seed=range(700))]
    line = "20 features in 5 dimensions, importance 0.7^i, density 1, 0.03 or 0.001: 2,100 models, 1,500 steps"
    assert settings(both) == (line,)


def test_many_values_are_given_by_their_range():
    (line,) = settings([sweep(run(), density=[0.1, 0.2, 0.3, 0.4, 0.5], steps=[100])])
    assert line == "20 features in 5 dimensions, equal importance, density 0.1 to 0.5 (5 values): 5 models, 100 steps"


def test_a_field_in_which_one_feature_differs_gives_the_range_of_that_feature():
    importances, densities = [(1.0, 1.0, r) for r in (0.1, 1.0, 10.0)], [(0.05, 0.05, 0.5), (0.05, 0.05, 0.005)]
    made = [sweep(run(3, 2, density=0.05), importance=importances), sweep(run(3, 2), density=densities)]
    (line,) = settings(made)
    assert line == (
        "3 features in 2 dimensions, importance 1, of one feature 0.1 to 10, density 0.05, of one feature 0.005 to 0.5: "
        "5 models, 1,500 steps"
    )


def test_sets_and_neurons_are_named():
    pairs = run(4, 1, distribution=Correlated(sizes=(2, 2), density=0.05))
    hidden = run(2, 5, importance=(1.0, 0.3), model="absolute")
    assert settings([sweep(pairs), sweep(hidden)]) == (
        "2 correlated sets of 2 features in 1 dimension, equal importance, density 0.05: 1 model, 1,500 steps",
        "2 features on 5 neurons, importance 1 or 0.3, density 0.1: 1 model, 1,500 steps",
    )


def test_many_sizes_share_a_line():
    made = [sweep(run(10 * n, n, importance=geometric(0.5, 10 * n) if n % 2 else 1.0)) for n in range(1, 9)]
    (line,) = settings(made)
    assert line == "10 to 80 features in 1 to 8 dimensions, equal or falling importance, density 0.1: 8 models, 1,500 steps"


def test_without_models_there_is_nothing_to_say():
    assert settings([]) == ()
