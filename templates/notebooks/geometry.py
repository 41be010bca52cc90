# %% [markdown]
# # The geometry of superposition
#
# Twenty features of equal importance share five dimensions. The dimensionality of a feature says which share of a dimension it
# has: one if it is alone, one half if it shares an axis with its opposite. Do trained models take any share, or do they prefer
# some?

# %%
import numpy as np

import sup

DENSITIES = (1.0, 0.5, 0.3, 0.2, 0.1, 0.02)

decay = sup.LINEAR_DECAY
recipe = sup.Recipe(steps=3000, learning_rate=0.003, schedule=decay, init_scale=0.3)
dense = sup.Independent(density=1.0)
base = sup.Run(
    model="relu-output", n_features=20, n_hidden=5, distribution=dense, recipe=recipe
)
sweep = sup.sweep(base, density=DENSITIES, seed=range(2))
trained = sup.Trained(sweep.runs, sup.train(sweep.runs))
print(f"{len(trained)} models trained")

# %% [markdown]
# We look at the dimensions that a model has for each feature, m over the squared norm of W, and at the share of a dimension that
# each represented feature has for itself.

# %%
shares = {}
for density in DENSITIES:
    weights = trained.where(density=density)["W"]
    shares[density] = sup.feature_dimensionality(weights)[sup.represented(weights)]
    per_feature, found = sup.dimensions_per_feature(weights).mean(), shares[density]
    print(
        f"density {density:4}: {per_feature:.2f} dimensions per feature; shares of features from {found.min():.2f} to {found.max():.2f}"
    )

# %% [markdown]
# At a moderate density all represented features are halves of antipodal pairs: ten features sit on the two ends of five axes,
# and each has half a dimension. No other share occurs.

# %%
halves = shares[0.3]
farthest = halves[np.abs(halves - 0.5).argmax()]
print(
    f"{len(halves) // 2} features per model, the share farthest from one half: {farthest:.3f}"
)
assert len(halves) == 20 and abs(farthest - 0.5) < 0.05, (
    "ten features, half a dimension each"
)

# %% [markdown]
# The shares of represented features, from dense to sparse. Lines are the shares of regular shapes: the pair, the triangle, the
# pentagon and the square antiprism.

# %%
# %matplotlib inline
from matplotlib.figure import Figure

drawing = Figure(figsize=(6, 3.6), layout="constrained")
axes = drawing.subplots()
for share in (1 / 2, 2 / 3, 2 / 5, 3 / 8):
    axes.axhline(share, color="lightgrey", zorder=0)
for density, found in shares.items():
    axes.plot(np.full(len(found), 1 / density), found, "o", alpha=0.4)
axes.set(xscale="log", xlabel="one over density", ylabel="dimensionality", ylim=(0, 1))
drawing

# %% [markdown]
# **Try this.**
#
# 1. Between densities 0.3 and 0.2 the pairs give way. Add densities between them: what comes next?
# 2. Name the shapes of a model with `sup.components(trained["W"][k])`.
