"""The figures of the paper: one module each, in a folder named after the page that shows it.

`MODULES` lists them in the paper's order. Sections do not import each other; code that two of them use is in `figures.shared`.
"""

from importlib import import_module
from typing import Any

MODULES = (
    "intro",
    "motivation.privileged_basis_sketch",
    "motivation.polysemanticity_sketch",
    "motivation.interference_sketch",
    "motivation.simulation_sketch",
    "demonstrating.setup_sketch",
    "demonstrating.reading_products",
    "demonstrating.reading_norms",
    "demonstrating.basic_small",
    "demonstrating.basic_large",
    "demonstrating.linear_loss",
    "demonstrating.one_sparse_loss",
    "phase_change.phase_two",
    "phase_change.phase_crossing",
    "phase_change.phase_three",
    "geometry.dimension_curve",
    "geometry.feature_dimensions",
    "geometry.tegum_products",
    "geometry.polytope_matrices",
    "non_uniform.deformed_pentagon",
    "non_uniform.correlated_sets",
    "non_uniform.local_bases",
    "non_uniform.collapse",
    "learning_dynamics.energy_levels",
    "learning_dynamics.octahedron",
    "adversarial.adversarial",
    "adversarial.gradient_masking",
    "adversarial.adversarial_training",
    "privileged_basis.privileged_matrices",
    "privileged_basis.reading_stacks",
    "privileged_basis.privileged_codes",
    "privileged_basis.hidden_bias",
    "computation.computation_sketch",
    "computation.reading_graphs",
    "computation.absolute_small",
    "computation.absolute_large",
    "computation.absolute_zoom",
    "computation.asymmetric_model",
    "computation.asymmetric_pairs",
    "computation.asymmetric_sketch",
    "strategic.l1_penalty",
    "strategic.dictionary",
    "strategic.compressed_sensing",
    "strategic.activations",
    "phase_change.loss_surfaces",
    "geometry.leverage",
    "geometry.pressure",
    "appendix.nonlinear_compression",
    "why.sensitivity",
)
NAMES = tuple(module.rpartition(".")[2] for module in MODULES)
"""The figures' names, as `report.yml`, `ONLY=`, the locks and the site's addresses use them."""
_BY_NAME = dict(zip(NAMES, MODULES, strict=True))


def home(name: str) -> str:
    """The dotted module name of the figure `name`; an unlisted name is a module directly in `figures`.

    Example:
        >>> home("intro"), home("leverage")
        ('figures.intro', 'figures.geometry.leverage')
    """
    return f"{__name__}.{_BY_NAME.get(name, name)}"


def path(name: str) -> str:
    """The file of the figure `name`, relative to the checkout.

    Example:
        >>> path("leverage")
        'figures/geometry/leverage.py'
    """
    return home(name).replace(".", "/") + ".py"


def module(name: str) -> Any:
    """Imports the module of the figure `name`; `figures.base` describes its contents."""
    return import_module(home(name))
