# %% [markdown]
# # The strategic picture of superposition
#
# One way out of superposition is to train models without it. A penalty on the size of the hidden layer, the $L_1$ norm, makes
# every represented feature pay rent. Ten sparse features share five dimensions here, and we raise the penalty.

# %%
import sup

PENALTIES = (0.0001, 0.001, 0.004, 0.01, 0.04)

base = sup.Run(
    model="relu-output",
    n_features=10,
    n_hidden=5,
    distribution=sup.Independent(density=0.05),
    importance=sup.geometric(0.75, 10),
    recipe=sup.Recipe(steps=3000),
)
sweep = sup.sweep(base, l1=PENALTIES, seed=range(4))
trained = sup.Trained(sweep.runs, sup.train(sweep.runs))
print(f"{len(trained)} models trained")

# %% [markdown]
# We count the features that are represented, and those among them that share their dimension with others. The loss is that of
# the features alone, without the penalty.

# %%
kept, shared, losses = [], [], []
for penalty in PENALTIES:
    models = trained.where(l1=penalty)
    there = sup.represented(models["W"])
    kept.append(there.sum(axis=1).mean())
    shared.append((there & sup.superposed(models["W"])).sum(axis=1).mean())
    losses.append(models["final_loss"].mean())
    print(
        f"penalty {penalty}: {kept[-1]} features, {shared[-1]} in superposition, loss {losses[-1]:.5f}"
    )

# %% [markdown]
# A strong penalty does away with superposition. It does so by giving up features, first the less important ones, and the loss
# rises many times over: superposition was worth something.

# %%
assert shared[0] > 7 and shared[-1] < 2 and losses[-1] > 4 * losses[0], (
    "it was worth a lot"
)

# %% [markdown]
# Above, the features that are represented and those in superposition, by the penalty; below, the loss.

# %%
# %matplotlib inline
from matplotlib.figure import Figure

drawing = Figure(figsize=(6, 4.2), layout="constrained")
upper, lower = drawing.subplots(2, 1, sharex=True)
upper.plot(PENALTIES, kept, "o-", label="represented")
upper.plot(PENALTIES, shared, "o-", label="in superposition")
upper.set(ylabel="features", ylim=(0, 10.5))
upper.legend()
lower.plot(PENALTIES, losses, "o-", color="black")
lower.set(xscale="log", yscale="log", xlabel="penalty", ylabel="loss")
drawing

# %% [markdown]
# **Try this.**
#
# 1. Which features go first? Print `sup.feature_norms(models["W"])` for a penalty in the middle.
# 2. Use `model="relu-hidden"`. Is superposition easier to drive out of a privileged basis?
