# %% [markdown]
# # Non-uniform superposition
#
# Real features do not occur independently. Here four features come in two sets of two. In one task the features of a set are
# active together, or not at all. In the other at most one of a set is active at a time. Two dimensions have to hold all four.

# %%
import numpy as np

import sup

TASKS = {
    "correlated": sup.Correlated(sizes=(2, 2), density=0.05),
    "anticorrelated": sup.Anticorrelated(sizes=(2, 2), density=0.05),
}

best = {}
for name, distribution in TASKS.items():
    base = sup.Run(
        model="relu-output",
        n_features=4,
        n_hidden=2,
        distribution=distribution,
        recipe=sup.Recipe(steps=4000),
    )
    sweep = sup.sweep(base, seed=range(8))
    trained = sup.Trained(sweep.runs, sup.train(sweep.runs))
    best[name] = trained["W"][trained.best()]
    print(f"{name}: {len(trained)} models trained")

# %% [markdown]
# The cosine of two columns of $W$ says how the features lie to each other: zero at a right angle, minus one if they are
# opposite.

# %%
within = {}
for name, weights in best.items():
    units = sup.unit_columns(weights[None])[0]
    cosines = units.T @ units
    within[name] = np.array([cosines[0, 1], cosines[2, 3]])
    print(f"{name}: cosines within the sets {within[name].round(2)}")

# %% [markdown]
# Features that are active together avoid each other: they are orthogonal, and each has a feature of the other set as its
# opposite. Features that never meet do not interfere, so they share an axis, in opposite directions.

# %%
orthogonal, opposite = (
    np.abs(within["correlated"]).max() < 0.2,
    within["anticorrelated"].max() < -0.9,
)
assert orthogonal and opposite, (
    "correlated features are orthogonal, anticorrelated ones opposite"
)

# %% [markdown]
# The columns of $W$ as arrows in the hidden plane, in a colour for each set.

# %%
# %matplotlib inline
from matplotlib.figure import Figure

drawing = Figure(figsize=(6, 3), layout="constrained")
for axes, (name, weights) in zip(drawing.subplots(1, 2), best.items(), strict=True):
    for (x, y), colour in zip(
        weights.T, ("tab:blue", "tab:blue", "tab:orange", "tab:orange"), strict=True
    ):
        axes.plot([0, x], [0, y], color=colour, marker="o", markevery=[1])
    axes.set(title=name, xlim=(-1.5, 1.5), ylim=(-1.5, 1.5))
    axes.set_aspect("equal")
drawing

# %% [markdown]
# **Try this.**
#
# 1. Put `sup.Independent(density=0.05)` among the tasks. Which of its features share an axis, and is it the same for each seed?
# 2. Make three sets of two with `sizes=(2, 2, 2)` and `n_features=6`. What do the correlated ones do when they become dense?
