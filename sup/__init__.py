"""Toy models of superposition: specs of runs, training, and the geometry and theory of trained models.

The names below are the public ones, in reading order: describe runs, train them, measure them, compare with theory. Each is
loaded from its module when it is first used, so `import sup` alone is instant and loads no library.

    import sup

    base = sup.Run(model="relu-output", n_features=5, n_hidden=2, distribution=sup.Independent(density=0.05))
    runs = sup.sweep(base, density=(1.0, 0.05), seed=range(5)).runs
    trained = sup.Trained(runs, sup.train(runs))
    print(sup.feature_dimensionality(trained["W"]))
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what type checkers and editors see; a test keeps it equal to the list below
    from sup.attack import perturbation as perturbation
    from sup.census import Component as Component
    from sup.census import components as components
    from sup.codes import code_name as code_name
    from sup.codes import code_words as code_words
    from sup.errors import SpecError as SpecError
    from sup.errors import SupError as SupError
    from sup.features import Anticorrelated as Anticorrelated
    from sup.features import Correlated as Correlated
    from sup.features import Independent as Independent
    from sup.features import one_hot as one_hot
    from sup.geometry import affine as affine
    from sup.geometry import dimensions_per_feature as dimensions_per_feature
    from sup.geometry import feature_dimensionality as feature_dimensionality
    from sup.geometry import feature_norms as feature_norms
    from sup.geometry import gram as gram
    from sup.geometry import leverage_scores as leverage_scores
    from sup.geometry import represented as represented
    from sup.geometry import superposed as superposed
    from sup.geometry import superposition_score as superposition_score
    from sup.geometry import unit_columns as unit_columns
    from sup.linear_loss import best_linear_solution as best_linear_solution
    from sup.linear_loss import expected_linear_loss as expected_linear_loss
    from sup.linear_loss import linear_terms as linear_terms
    from sup.models import absolute as absolute
    from sup.models import forward as forward
    from sup.models import linear as linear
    from sup.models import relu_hidden as relu_hidden
    from sup.models import relu_output as relu_output
    from sup.models import weighted_loss as weighted_loss
    from sup.neurons import answers as answers
    from sup.neurons import monosemantic as monosemantic
    from sup.neurons import polysemantic as polysemantic
    from sup.phases import boundary_density as boundary_density
    from sup.phases import solution_losses as solution_losses
    from sup.polytopes import embed as embed
    from sup.polytopes import polygon as polygon
    from sup.polytopes import simplex as simplex
    from sup.polytopes import square_antiprism as square_antiprism
    from sup.polytopes import tegum as tegum
    from sup.results import Trained as Trained
    from sup.sampling import Sampler as Sampler
    from sup.sampling import examples as examples
    from sup.saved import load as load
    from sup.sparse_loss import fully_active_terms as fully_active_terms
    from sup.sparse_loss import losses_by_active_count as losses_by_active_count
    from sup.sparse_loss import one_sparse_terms as one_sparse_terms
    from sup.specs import CONSTANT as CONSTANT
    from sup.specs import LINEAR_DECAY as LINEAR_DECAY
    from sup.specs import Recipe as Recipe
    from sup.specs import Run as Run
    from sup.specs import geometric as geometric
    from sup.specs import power_of_ten as power_of_ten
    from sup.statistics import Estimate as Estimate
    from sup.sweeps import Sweep as Sweep
    from sup.sweeps import sweep as sweep
    from sup.sweeps import vary as vary
    from sup.three_features import three_feature_loss as three_feature_loss
    from sup.training import train as train
    from sup.two_features import two_feature_loss as two_feature_loss
    from sup.two_minima import minima as minima

PUBLIC = {
    "sup.specs": ("Run", "Recipe", "CONSTANT", "LINEAR_DECAY", "geometric", "power_of_ten"),
    "sup.features": ("Independent", "Correlated", "Anticorrelated", "one_hot"),
    "sup.sweeps": ("Sweep", "sweep", "vary"),
    "sup.models": ("linear", "relu_output", "relu_hidden", "absolute", "forward", "weighted_loss"),
    "sup.attack": ("perturbation",),
    "sup.sampling": ("Sampler", "examples"),
    "sup.training": ("train",),
    "sup.results": ("Trained",),
    "sup.saved": ("load",),
    "sup.geometry": (
        "gram",
        "affine",
        "feature_norms",
        "represented",
        "unit_columns",
        "superposition_score",
        "superposed",
        "feature_dimensionality",
        "leverage_scores",
        "dimensions_per_feature",
    ),
    "sup.polytopes": ("embed", "simplex", "polygon", "square_antiprism", "tegum"),
    "sup.census": ("Component", "components"),
    "sup.linear_loss": ("linear_terms", "expected_linear_loss", "best_linear_solution"),
    "sup.sparse_loss": ("one_sparse_terms", "fully_active_terms", "losses_by_active_count"),
    "sup.neurons": ("answers", "monosemantic", "polysemantic"),
    "sup.codes": ("code_words", "code_name"),
    "sup.phases": ("solution_losses", "boundary_density"),
    "sup.two_features": ("two_feature_loss",),
    "sup.two_minima": ("minima",),
    "sup.three_features": ("three_feature_loss",),
    "sup.statistics": ("Estimate",),
    "sup.errors": ("SupError", "SpecError"),
}
_HOME = {name: module for module, names in PUBLIC.items() for name in names}

__all__ = list(_HOME)


def _load(name: str) -> object:
    """Imports the public name `name` from its module; `sup.name` calls this on first use (PEP 562).

    Raises:
        AttributeError: if `name` is not public.
    """
    if name not in _HOME:
        raise AttributeError(f"module 'sup' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__


if not TYPE_CHECKING:
    __getattr__ = _load
