# %% [markdown]
# # Demonstrating superposition
#
# Can a model represent more features than it has dimensions? We squeeze five features through two hidden dimensions, once
# with a linear output, $x' = W^\top W x + b$, and once with a ReLU, $x' = \mathrm{ReLU}(W^\top W x + b)$. Then we make the
# features sparse and count the features that survive.

# %%
import sup

DENSITIES = (1.0, 0.3, 0.1, 0.03)  # the chance that a feature is active

trained = {}
for model in ("linear", "relu-output"):
    base = sup.Run(
        model=model,
        n_features=5,
        n_hidden=2,
        distribution=sup.Independent(density=1.0),
        importance=sup.geometric(0.9, 5),  # the first feature matters most
        recipe=sup.Recipe(steps=5000, learning_rate=0.003),
    )
    sweep = sup.sweep(base, density=DENSITIES, seed=range(4))
    trained[model] = sup.Trained(sweep.runs, sup.train(sweep.runs))
    print(f"{model}: {len(trained[model])} models trained")

# %% [markdown]
# A feature is represented when its column of $W$ is long enough. Of each density we keep the model with the lowest loss.

# %%
best, counts = {}, {}
for model, models in trained.items():
    for density in DENSITIES:
        same = models.where(density=density)
        weights = same["W"][same.best()]
        best[model, density] = weights
        counts[model, density] = int(sup.represented(weights[None]).sum())
    print(
        f"{model}: {[counts[model, density] for density in DENSITIES]} features represented"
    )

# %% [markdown]
# The linear model keeps as many features as it has dimensions, however sparse they are: it is a principal component analysis.
# The ReLU model does the same on dense features. On sparse ones it represents all five.

# %%
linear, relu = ([counts[model, density] for density in DENSITIES] for model in trained)
assert linear == [2, 2, 2, 2] and relu[0] == 2 and relu[-1] == 5, "superposition"

# %% [markdown]
# The columns of $W$ as arrows in the hidden plane: the linear model above, the ReLU model below, from dense to sparse features.

# %%
# %matplotlib inline
from matplotlib.figure import Figure

drawing = Figure(figsize=(8, 4.2), layout="constrained")
panels = drawing.subplots(2, 4).flat
for axes, ((model, density), weights) in zip(panels, best.items(), strict=True):
    for x, y in weights.T:
        axes.plot([0, x], [0, y], marker="o", markevery=[1])
    axes.set(title=f"{model}, {density:g}", xlim=(-1.5, 1.5), ylim=(-1.5, 1.5))
    axes.set_aspect("equal")
drawing

# %% [markdown]
# **Try this.**
#
# 1. Where between dense and sparse does the third feature appear? Add densities and find out.
# 2. Give all features the same importance with `importance=1.0`. Does the shape of the sparsest model change?
