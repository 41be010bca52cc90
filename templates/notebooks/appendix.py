# %% [markdown]
# # Appendix: nonlinear compression
#
# Two dense numbers $x$ and $y$ are to be stored in one. A toy model stores features as directions, and so can keep one direction
# of the plane at best. A nonlinear code can do better. We train toy models on dense features, and compare them with a code
# that is written by hand.

# %%
import numpy as np

import sup

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
sweep = sup.sweep(base, seed=range(6))
trained = sup.Trained(sweep.runs, sup.train(sweep.runs))
learned = float(trained["final_loss"].min())
print(f"{len(trained)} models trained, lowest error per number {learned:.4f}")

# %% [markdown]
# Theory says that no linear code has a lower error than half the variance of a number that is uniform between zero and one:
# $1/24$. The trained models reach it, up to the noise of the samples on which their error is measured.

# %%
print(f"the trained models over theory: {learned * 24:.3f}")

# %% [markdown]
# The code by hand cuts the range of $x$ into segments and writes $y$ within the segment: $v = \lfloor Z x \rfloor + y$. A network
# of ReLUs cannot jump, so each jump becomes a riser of some width.


# %%
def staircase(u, segments, width):
    """The floor of u, with a straight riser of this width for each jump."""
    return sum(np.clip((u - k) / width + 0.5, 0, 1) for k in range(1, segments))


def error(segments, width, points=400):
    """The mean squared error per number of the code, over a grid of x and y."""
    x, y = np.meshgrid(*[(np.arange(points) + 0.5) / points] * 2)
    v = staircase(segments * x, segments, width) + y
    level = staircase(v, segments, width)
    squares = (x - (level + 0.5) / segments) ** 2 + (y - (v - level)) ** 2
    return squares.mean() / 2


widths = np.array([0.003, 0.01, 0.03, 0.1, 0.3])
errors = {count: [error(count, width) for width in widths] for count in (2, 3, 4, 6)}
share = errors[3][3] / learned
print(
    f"three segments and a riser of a tenth: {share:.2f} of the error of the trained models"
)
assert abs(24 * learned - 1) < 0.05 and share < 0.8, (
    "a nonlinear code beats every linear one"
)

# %% [markdown]
# The error of the nonlinear code by the width of its risers, in segments, a line for each number of segments. The black line is the best
# trained model.

# %%
# %matplotlib inline
from matplotlib.figure import Figure

drawing = Figure(figsize=(6, 3.6), layout="constrained")
axes = drawing.subplots()
for segments, line in errors.items():
    axes.plot(widths, line, "o-", label=f"{segments} segments")
axes.axhline(learned, color="black", label="best trained model")
axes.set(
    xscale="log", yscale="log", xlabel="width of a riser", ylabel="error per number"
)
axes.legend()
drawing

# %% [markdown]
# **Try this.**
#
# 1. From which width on is the nonlinear code no better than a linear one? How does it depend on the number of segments?
# 2. Give the toy model sparse features with `density=0.05`. Which of the two is better now, and why?
