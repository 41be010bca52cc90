# %% [markdown]
# # Superposition and adversarial robustness
#
# In superposition an output listens a little to many other features. An attacker can push all of them a little, and so move
# one output a lot. We train models from dense to sparse features, and attack each sample with the worst small push.

# %%
import numpy as np

import sup

DENSITIES = (1.0, 0.5, 0.3, 0.2, 0.1)
PUSH = 0.1  # the norm of an attack

decay = sup.LINEAR_DECAY
recipe = sup.Recipe(steps=3000, learning_rate=0.003, schedule=decay, init_scale=0.3)
dense = sup.Independent(density=1.0)
base = sup.Run(
    model="relu-output", n_features=20, n_hidden=5, distribution=dense, recipe=recipe
)
sweep = sup.sweep(base, density=DENSITIES)
trained = sup.Trained(sweep.runs, sup.train(sweep.runs))
print(f"{len(trained)} models trained")

# %% [markdown]
# Row $i$ of $G = W^\top W$ is the direction in which output $i$ grows fastest. An attack on feature $i$ pushes along it, or
# against it. For each sample we take the worst of all attacks, and measure the loss that it adds.

# %%
drawn = np.random.default_rng(0)


def harm(weights, bias, density):
    """The loss that the worst push adds on average, over the square of its norm."""
    products = sup.gram(weights[None])[0]
    x = drawn.random((2000, 20)) * (drawn.random((2000, 20)) < density)
    before = ((x - np.maximum(x @ products + bias, 0)) ** 2).sum(axis=1)
    norms = np.linalg.norm(products, axis=1, keepdims=True)
    directions = products / norms.clip(min=1e-9)
    added = []
    for push in np.concatenate([directions, -directions]) * PUSH:
        attacked = np.maximum((x + push) @ products + bias, 0)
        added.append(((x - attacked) ** 2).sum(axis=1) - before)
    return np.max(added, axis=0).mean() / PUSH**2


vulnerability, crowding = [], []
for density in DENSITIES:
    model = trained.where(density=density)
    added = harm(model["W"][0], model["b"][0], density)
    shared = 1 / sup.dimensions_per_feature(model["W"])[0]
    vulnerability.append(added)
    crowding.append(shared)
    print(
        f"density {density:3}: {shared:.1f} features per dimension, vulnerability {added:.1f}"
    )

# %% [markdown]
# The dense model has no superposition. The more features share a dimension, the more an attack does.

# %%
assert vulnerability[-1] > 4 * vulnerability[0], (
    "superposition makes a model vulnerable"
)

# %% [markdown]
# The vulnerability of the models against the number of features that share a dimension.

# %%
# %matplotlib inline
from matplotlib.figure import Figure

drawing = Figure(figsize=(6, 3.6), layout="constrained")
axes = drawing.subplots()
axes.plot(crowding, vulnerability, "o-")
axes.set(xlabel="features per dimension", ylabel="vulnerability", ylim=(0, None))
drawing

# %% [markdown]
# **Try this.**
#
# 1. Train against such attacks: add `attack=0.1` to the recipe. What does the model give up?
# 2. Attack every sample with the same push, the one that is worst on average. How much weaker is it?
