# %% [markdown]
# # First steps: five features in two dimensions
#
# A toy model squeezes five features through two hidden dimensions and rebuilds them: $x' = \mathrm{ReLU}(W^\top W x + b)$.
# We train one on dense features, which are always there, and one on sparse features, which are mostly zero, and look at the
# five columns of $W$: the directions in which the model keeps its features.

# %%
import numpy as np

import sup

base = sup.Run(
    model="relu-output",
    n_features=5,
    n_hidden=2,
    distribution=sup.Independent(density=1.0),  # the chance that a feature is active
    importance=sup.geometric(0.9, 5),  # the first feature matters most
    recipe=sup.Recipe(steps=10_000),
)
sweep = sup.sweep(base, density=(1.0, 0.05), seed=range(4))
trained = sup.Trained(sweep.runs, sup.train(sweep.runs))
print(f"{len(trained)} models trained")

# %% [markdown]
# Every number of a model follows from its spec: train it alone, tomorrow, or on another machine, and all its bits are the same.

# %%
again = sup.train(sweep.runs[-1:])
assert np.array_equal(again["W"][0], trained["W"][-1])

# %% [markdown]
# Of each density we keep the model with the lowest loss. The dense one represents two features, each with a dimension of its
# own, and gives up the rest. The sparse one represents all five: they share the plane as a regular pentagon, two fifths of a
# dimension each.

# %%
best = {}
for density in (1.0, 0.05):
    models = trained.where(density=density)
    best[density] = models["W"][models.best()]
    norms = sup.feature_norms(best[density][None])[0]
    shares = sup.feature_dimensionality(best[density][None])[0]
    print(f"density {density}: norms {norms.round(2)}, dimensions {shares.round(2)}")

# %% [markdown]
# The columns of $W$ as arrows in the hidden plane, on dense features and on sparse ones.

# %%
# %matplotlib inline
from matplotlib.figure import Figure

drawing = Figure(figsize=(6, 3), layout="constrained")
for axes, (density, weights) in zip(drawing.subplots(1, 2), best.items(), strict=True):
    for x, y in weights.T:
        axes.plot([0, x], [0, y], marker="o", markevery=[1])
    axes.set(title=f"density {density}", xlim=(-1.5, 1.5), ylim=(-1.5, 1.5))
    axes.set_aspect("equal")
drawing

# %% [markdown]
# **Try this.**
#
# 1. Change `density`, `n_features` or `model`, and look at the arrows again.
# 2. List what can be measured with `dir(sup)`, and read about it with `help(sup.feature_dimensionality)`.
