"""A loop in JAX, as a user who wants speed would write it: a scan over steps, each a `vmap` of one model's step, all compiled.

Every step draws its samples with `jax.random`, and takes the gradient with `jax.grad`. AdamW is written out, with torch's default
settings. JAX spreads the work over the cores by itself. This module needs JAX; `measures.jax_loop` copes without it.
"""

from functools import partial

import jax
import jax.numpy as jnp

CHUNK = 8
"""Steps in one compiled program: enough that the call itself costs next to nothing."""

BETA1, BETA2, EPSILON, DECAY = 0.9, 0.999, 1e-8, 0.01


def draw(key, density, shape, model):
    """A batch of one model: (batch, feature)."""
    chance, value = jax.random.split(key)
    values = jax.random.uniform(value, shape, minval=-1.0 if model == "absolute" else 0.0)
    return jnp.where(jax.random.uniform(chance, shape) <= density, values, 0.0)


def loss(parameters, x, model):
    """One model's mean squared error on its batch `x`."""
    h = x @ parameters["w"]
    if model != "relu-output":
        h = jax.nn.relu(h)
    out = jax.nn.relu(h @ parameters.get("out", parameters["w"]).T + parameters["b"])
    wanted = jnp.abs(x) if model == "absolute" else x
    return jnp.mean((wanted - out) ** 2)


def adamw(parameters, gradients, moments, count, lr):
    """Parameters and moments after update number `count`, counted from 1."""
    first = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, moments[0], gradients)
    second = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, moments[1], gradients)

    def moved(p, m, v):
        root = jnp.sqrt(v / (1 - BETA2**count)) + EPSILON
        return p * (1 - lr * DECAY) - lr * m / (1 - BETA1**count) / root

    return jax.tree.map(moved, parameters, first, second), (first, second)


def start(key, features, hidden, model):
    """One model's Xavier-normal start, its moments, and the key of its samples."""
    into, out, samples = jax.random.split(key, 3)
    weights = jax.nn.initializers.glorot_normal()
    parameters = {"w": weights(into, (features, hidden)), "b": jnp.zeros(features)}
    if model == "absolute":
        parameters["out"] = weights(out, (features, hidden))
    zeros = jax.tree.map(jnp.zeros_like, parameters)
    return parameters, (zeros, zeros), samples


@partial(jax.jit, static_argnames=("model", "batch", "steps"), donate_argnames="state")
def advanced(state, done, density, lr, *, model, batch, steps):
    """The state of all models after `steps` more updates; each number of steps is a program of its own."""

    def step(one, count):
        parameters, moments, key = one
        key, now = jax.random.split(key)
        x = draw(now, density, (batch, len(parameters["b"])), model)
        return *adamw(parameters, jax.grad(loss)(parameters, x, model), moments, count, lr), key

    def all_models(many, count):
        return jax.vmap(step, in_axes=(0, None))(many, count), None

    return jax.lax.scan(all_models, state, done + jnp.arange(1.0, steps + 1))[0]


class JaxLoop:
    """Models trained side by side; weights are (run, feature, hidden), samples (run, batch, feature).

    Args:
        model: relu-output, relu-hidden or absolute.
        features: Width of the input.
        hidden: Width of the hidden layer.
        runs: Models.
        density: Chance that a feature is active. Active ones are uniform in [0, 1), for the absolute value model in [-1, 1).
    """

    def __init__(self, model, features, hidden, runs, density, batch=1024, lr=1e-3):
        first = partial(start, features=features, hidden=hidden, model=model)
        self.model, self.density, self.batch, self.lr, self.done = model, density, batch, lr, 0
        self.state = jax.jit(jax.vmap(first))(jax.random.split(jax.random.key(0), runs))

    @property
    def parameters(self):
        """Weights `w` and biases `b`; also `out` for the absolute value model."""
        return self.state[0]

    def sample(self):
        """The batch of the next step."""
        shape = (self.batch, self.parameters["b"].shape[1])
        return jax.vmap(lambda key: draw(jax.random.split(key)[1], self.density, shape, self.model))(self.state[2])

    def loss(self, x):
        """The sum of all runs' mean squared errors on the batch `x`."""
        return jax.vmap(partial(loss, model=self.model))(self.parameters, x).sum()

    def advance(self, steps):
        """Updates all models `steps` times, and waits. The first whole chunk and the first single step are compiled."""
        for size in [CHUNK] * (steps // CHUNK) + [1] * (steps % CHUNK):
            given = {"model": self.model, "batch": self.batch, "steps": size}
            self.state = advanced(self.state, float(self.done), self.density, self.lr, **given)
            self.done += size
        jax.block_until_ready(self.state)
