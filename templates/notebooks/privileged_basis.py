# %% [markdown]
# # Superposition in a privileged basis
#
# A ReLU in the hidden layer, $x' = \mathrm{ReLU}(W^\top \mathrm{ReLU}(W x) + b)$, gives each hidden dimension a meaning of its
# own: it is a neuron. Now one can ask whether a neuron answers to one feature or to several. We train ten features with five
# neurons, from dense to sparse.

# %%
import numpy as np

import sup

DENSITIES = (0.5, 0.2, 0.1, 0.05)

base = sup.Run(
    model="relu-hidden",
    n_features=10,
    n_hidden=5,
    distribution=sup.Independent(density=1.0),
    importance=sup.geometric(0.75, 10),
    recipe=sup.Recipe(steps=2500, learning_rate=0.01, schedule=sup.LINEAR_DECAY),
)
sweep = sup.sweep(base, density=DENSITIES, seed=range(8))
trained = sup.Trained(sweep.runs, sup.train(sweep.runs))
print(f"{len(trained)} models trained")

# %% [markdown]
# A monosemantic neuron answers to one feature, a polysemantic one to several. The neurons that a feature switches on are its
# word, and the words of all features are the code of the model. We look at the model with the lowest loss of each density.

# %%
best, several = {}, {}
for density in DENSITIES:
    models = trained.where(density=density)
    best[density] = models["W"][models.best()]
    several[density] = int(sup.polysemantic(best[density][None]).sum())
    code = sup.code_name(sup.code_words(best[density][None])[0])
    print(f"density {density}: {several[density]} polysemantic neurons, code: {code}")

# %% [markdown]
# On denser features every neuron is monosemantic, and five features are given up. On sparse features neurons become
# polysemantic, and the model represents more features than it has neurons.

# %%
assert several[0.5] == 0 and several[0.05] >= 4, (
    "sparse features make polysemantic neurons"
)

# %% [markdown]
# The weights of the best models, a row for each neuron and a column for each feature: blue is negative, red is positive.

# %%
# %matplotlib inline
from matplotlib.figure import Figure

drawing = Figure(figsize=(8, 1.6), layout="constrained")
for axes, (density, weights) in zip(
    drawing.subplots(1, len(best)), best.items(), strict=True
):
    order = (
        np.abs(weights).argmax(axis=1).argsort(kind="stable")
    )  # neurons by their strongest feature
    axes.imshow(weights[order], cmap="RdBu_r", vmin=-1.5, vmax=1.5)
    axes.set(title=f"density {density:g}", xticks=[], yticks=[])
drawing

# %% [markdown]
# **Try this.**
#
# 1. Print the codes of all eight models at one density. How many different codes are there, and which has the lowest loss?
# 2. Train `model="relu-output"` instead. Its hidden space can be turned, $W \to Q W$, without any change of the loss: does the
#    number of polysemantic neurons stay the same?
