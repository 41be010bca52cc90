"""One module per figure of the paper; `NAMES` lists them in the paper's order."""

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
    "loss_surfaces",
)
