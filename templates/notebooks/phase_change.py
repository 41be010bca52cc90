# %% [markdown]
# # Superposition as a phase change
#
# Two features share one hidden dimension. The model can drop one of them, give the dimension to the other, or store both in
# opposite directions. Which it does depends on how sparse the features are and on how much the second one matters. We train
# models over a grid of both, and compare them with the boundary that theory gives.

# %%
import numpy as np

import sup

DENSITIES = (0.8, 0.5, 0.3, 0.15, 0.07, 0.03)
# Of the second feature; that of the first is one.
IMPORTANCES = (0.1, 0.2, 0.4, 0.7, 1.4, 2.5, 5.0, 10.0)

hold = ((0.0, 1.0), (0.7, 1.0), (1.0, 0.0))  # a constant rate, then a decay
recipe = sup.Recipe(
    steps=1500,
    batch=256,
    learning_rate=0.1,
    schedule=hold,
    beta1=0.7,
    beta2=0.5,
    init_scale=0.1,
)
dense = sup.Independent(density=1.0)
base = sup.Run(
    model="relu-output", n_features=2, n_hidden=1, distribution=dense, recipe=recipe
)
weights = [(1.0, r) for r in IMPORTANCES]
sweep = sup.sweep(base, density=DENSITIES, importance=weights, seed=range(6))
trained = sup.Trained(sweep.runs, sup.train(sweep.runs))
print(f"{len(trained)} models trained")

# %% [markdown]
# In superposition both columns of $W$ are long. Of each cell of the grid we keep the model with the lowest loss.

# %%
pairs = np.zeros((len(DENSITIES), len(IMPORTANCES)), dtype=bool)
for i, density in enumerate(DENSITIES):
    for j, r in enumerate(IMPORTANCES):
        cell = trained.where(density=density, importance=(1.0, r))
        pairs[i, j] = sup.represented(cell["W"][cell.best()][None]).all()
    print(
        f"density {density:4}:",
        " ".join("pair" if pair else "one " for pair in pairs[i]),
    )

# %% [markdown]
# Idealised solutions have losses in closed form. Where the loss of the pair becomes the lowest, superposition should begin.

# %%
boundary = sup.boundary_density(2, np.array(IMPORTANCES))
theory = np.array(DENSITIES)[:, None] < boundary
agreement = float(np.mean(theory == pairs))
print(f"theory and trained models agree in {agreement:.0%} of the cells")
assert agreement > 0.8, "superposition begins where theory says"

# %% [markdown]
# The map of the trained models: dark cells are in superposition. The line is the boundary of theory.

# %%
# %matplotlib inline
from matplotlib.figure import Figure

drawing = Figure(figsize=(6, 3.6), layout="constrained")
axes = drawing.subplots()
axes.pcolormesh(
    IMPORTANCES, DENSITIES, pairs, cmap="Purples", vmax=1.5, shading="nearest"
)
fine = np.logspace(-1, 1, 101)
axes.plot(fine, sup.boundary_density(2, fine), color="black")
axes.set(
    xscale="log",
    yscale="log",
    xlabel="importance of the second feature",
    ylabel="density",
)
drawing

# %% [markdown]
# **Try this.**
#
# 1. Cells next to the line are the hardest. Train twice as long with `steps=3000`: do more of them agree?
# 2. Set `n_features=3` and `n_hidden=2`, with importances `(1.0, 1.0, r)`, and compare with `sup.boundary_density(3, ...)`.
