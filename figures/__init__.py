"""One module per figure of the paper; `NAMES` lists them in the paper's order, `home` says where each one is."""

from importlib import import_module
from typing import Any

NAMES = (
    "intro",
    "privileged_basis_sketch",
    "polysemanticity_sketch",
    "interference_sketch",
    "simulation_sketch",
    "setup_sketch",
    "reading_products",
    "reading_norms",
    "basic_small",
    "basic_large",
    "linear_loss",
    "one_sparse_loss",
    "phase_two",
    "phase_crossing",
    "phase_three",
    "dimension_curve",
    "feature_dimensions",
    "tegum_products",
    "polytope_matrices",
    "deformed_pentagon",
    "correlated_sets",
    "local_bases",
    "collapse",
    "energy_levels",
    "octahedron",
    "adversarial",
    "adversarial_training",
    "privileged_matrices",
    "reading_stacks",
    "privileged_codes",
    "hidden_bias",
    "computation_sketch",
    "reading_graphs",
    "absolute_small",
    "absolute_large",
    "absolute_zoom",
    "asymmetric_model",
    "asymmetric_pairs",
    "asymmetric_sketch",
    "l1_penalty",
    "dictionary",
    "compressed_sensing",
    "activations",
    "loss_surfaces",
    "leverage",
    "pressure",
    "nonlinear_compression",
)


def home(name: str) -> str:
    """The dotted name of the module of the figure `name`.

    Example:
        >>> home("intro")
        'figures.intro'
    """
    return f"{__name__}.{name}"


def path(name: str) -> str:
    """The file of the figure `name`, below the checkout.

    Example:
        >>> path("intro")
        'figures/intro.py'
    """
    return home(name).replace(".", "/") + ".py"


def module(name: str) -> Any:
    """Imports the module of the figure `name`; `figures.base` says what it holds."""
    return import_module(home(name))
