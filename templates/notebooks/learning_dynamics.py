# %% [markdown]
# # Superposition and learning dynamics
#
# The loss of a large model falls smoothly. Is its learning smooth as well? We follow a small model, five features in two
# dimensions, from almost nothing to the end, and look at its features one by one.

# %%
import numpy as np

import sup

EVERY = 50
STEPS = np.arange(0, 3001, EVERY)

base = sup.Run(
    model="relu-output",
    n_features=5,
    n_hidden=2,
    distribution=sup.Independent(density=0.05),
    importance=sup.geometric(0.5, 5),
    recipe=sup.Recipe(steps=3000, init_scale=0.01),  # it starts near zero
)
sweep = sup.sweep(base, snapshots=STEPS.tolist(), seed=range(6))
trained = sup.Trained(
    sweep.runs, sup.train(sweep.runs, sweep.snapshots), sweep.snapshots
)
print(f"{len(trained)} models trained")

# %% [markdown]
# We take the model in which the last feature to be learned came latest. A feature is there once its norm is near one.

# %%
norms = np.stack(
    [sup.feature_norms(W) for W in trained["snapshot_W"]]
)  # model, snapshot, feature
there = norms > 0.9
arrival = np.where(there[:, -1], there.argmax(axis=1), 0)  # model, feature
model = int(arrival.max(axis=1).argmax())
feature, after = int(arrival[model].argmax()), int(arrival[model].max())
before = after - 1
while norms[model, before, feature] > 0.2:
    before -= 1
print(f"feature {feature} jumps between steps {STEPS[before]} and {STEPS[after]}")

loss = trained["snapshot_loss"][model]
rest, fall = 1 - loss[before] / loss[before - 4], 1 - loss[after] / loss[before]
print(
    f"the loss falls by {rest:.0%} in {4 * EVERY} steps before, and by {fall:.0%} in the jump"
)

# %% [markdown]
# The feature rests near zero, and the loss rests with it. Then the feature takes its place within a short time, and the loss
# falls. Learning goes in jumps between levels, and the loss shows them.

# %%
assert fall > 3 * rest and fall > 0.3, "the loss rests, and falls when a feature jumps"

# %% [markdown]
# Above, the norms of the five features over training; below, the loss. The band is the jump.

# %%
# %matplotlib inline
from matplotlib.figure import Figure

drawing = Figure(figsize=(6, 4.2), layout="constrained")
upper, lower = drawing.subplots(2, 1, sharex=True)
upper.plot(STEPS, norms[model])
lower.plot(STEPS, loss, color="black")
for axes in (upper, lower):
    axes.axvspan(STEPS[before], STEPS[after], color="lightgrey", zorder=0)
upper.set(ylabel="norm of each feature")
lower.set(ylabel="loss", yscale="log", xlabel="step")
drawing

# %% [markdown]
# **Try this.**
#
# 1. Start larger, with `init_scale=1.0`. Are there still late jumps?
# 2. Draw the other models. Which of their features never arrive, and where would they have to go?
