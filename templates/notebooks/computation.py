# %% [markdown]
# # Computation in superposition
#
# Can a model also compute with features in superposition? The task is the absolute value of each feature. One neuron for its
# positive side and one for its negative side solve it, so six features need twelve neurons. We give the model ten.

# %%
import numpy as np

import sup

DENSITIES = (0.4, 0.1)

decay = sup.LINEAR_DECAY
recipe = sup.Recipe(steps=3000, learning_rate=0.01, schedule=decay, init_scale=0.3)
base = sup.Run(
    model="absolute",
    n_features=6,
    n_hidden=10,
    distribution=sup.Independent(
        density=1.0, low=-1.0
    ),  # features lie between -1 and 1
    importance=sup.geometric(0.7, 6),
    recipe=recipe,
)
sweep = sup.sweep(base, density=DENSITIES, seed=range(6))
trained = sup.Trained(sweep.runs, sup.train(sweep.runs))
print(f"{len(trained)} models trained")

# %% [markdown]
# To see what a model computes, we switch on one feature at a time, at $1$ and at $-1$. The answer should be $1$ both times. We
# write down the worse of the two answers, for the model with the lowest loss of each density.

# %%
inputs = np.eye(6)
answers, weights = {}, {}
for density in DENSITIES:
    models = trained.where(density=density)
    into, out, bias = (models[name][models.best()] for name in ("W1", "W2", "b"))
    hidden = [np.maximum(x @ into.T, 0) for x in (inputs, -inputs)]
    both = [np.maximum(h @ out.T + bias, 0).diagonal() for h in hidden]
    answers[density], weights[density] = np.minimum(*both), into
    shared = int(sup.polysemantic(into[None]).sum())
    print(
        f"density {density}: {answers[density].round(2)}, {shared} neurons with several features"
    )

# %% [markdown]
# On dense features the model computes five absolute values, with two neurons for each, and gives up the sixth. On sparse
# features some neurons serve two features at once, and it computes all six: more than fit without superposition.

# %%
computed = {density: int((answer > 0.7).sum()) for density, answer in answers.items()}
assert computed == {0.4: 5, 0.1: 6}, "sparse features are computed in superposition"

# %% [markdown]
# The weights into the neurons of both models, a row for each neuron and a column for each feature. A row with two colours is a
# neuron that two features share.

# %%
# %matplotlib inline
from matplotlib.figure import Figure

drawing = Figure(figsize=(5, 3.6), layout="constrained")
for axes, (density, into) in zip(drawing.subplots(1, 2), weights.items(), strict=True):
    scaled = into / np.abs(into).max(axis=1, keepdims=True)
    order = np.abs(scaled).argmax(axis=1).argsort(kind="stable")
    axes.imshow(scaled[order], cmap="RdBu_r", vmin=-1, vmax=1)
    axes.set(title=f"density {density:g}", xlabel="feature", ylabel="neuron")
drawing

# %% [markdown]
# **Try this.**
#
# 1. Look at the two features that share a neuron, in $W_1$ and in $W_2$. How does the model keep the one from disturbing the
#    other?
# 2. Give the model eight neurons. How many features does it compute at each density?
