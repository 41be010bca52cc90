"""Asymmetric superposition with inhibition: how one neuron of the absolute value model can serve two features.

The model is y' = ReLU(W2 ReLU(W1 x) + b), to be compared with |x|. A neuron with weights in (s, -1/s) and out (1/s, s) for two
features, its primary and its secondary, returns both at full strength. The secondary feature leaks only 1/s^2 of itself onto
the primary's output; the primary leaks s^2 of itself onto the secondary's, but an *inhibitor*, a second neuron that the primary
also switches on, takes this leak away, and the ReLU cuts off any excess. Strong interference one way is traded for weak
interference the other way. Source: Elhage et al. 2022, "Computation in Superposition", the asymmetric motif, with s = 2.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64

GAIN = 0.5
"""Least strength at which a neuron must return both features."""
RATIO = 2.0
"""Least ratio of the primary feature's weight in to that of the secondary."""
LEFT = 0.5
"""Largest share of the leak that may remain when all neurons act."""


@dataclass(frozen=True, kw_only=True)
class Motif:
    """One instance. Its shared neuron is rescaled so that the largest weight in and the largest weight out have the same size.

    Attributes:
        neuron: The shared neuron.
        primary: The feature with the large weight in and the small weight out.
        secondary: The other feature.
        inhibitor: The neuron that takes most of the leak away.
        strength: s, the common size of the large weights; 2 in the paper.
        weight_in: Weights in of primary and secondary, for a positive primary.
        weight_out: Weights out to primary and secondary.
        leak: What the shared neuron alone adds to the secondary's output for a primary of size 1.
        left: The part of the leak that remains with all neurons and the bias, before the ReLU.
    """

    neuron: int
    primary: int
    secondary: int
    inhibitor: int
    strength: float
    weight_in: tuple[float, float]
    weight_out: tuple[float, float]
    leak: float
    left: float


def motifs(
    W1: Float[np.ndarray, "hidden feature"], W2: Float[np.ndarray, "feature hidden"], b: Float[np.ndarray, " feature"]
) -> list[Motif]:
    """All instances in one model, the strongest first.

    An instance is a neuron k and features i, j for which three things hold:

    - k returns both: W1_ki W2_ik and W1_kj W2_jk are at least GAIN in size, with weights out that are positive;
    - it does so asymmetrically: |W1_ki| >= RATIO |W1_kj|;
    - the leak W2_jk |W1_ki| is inhibited: with x_i of size 1 and of the sign that switches k on, and nothing else, all neurons
      and the bias leave at most LEFT times the leak at output j, and another neuron takes away at least half of it.

    No condition changes when a neuron's weights in are scaled by a positive factor and those out by its inverse.

    Example: the paper's pair of neurons, the second an inhibitor that serves a third feature.
        >>> W1 = np.array([[2.0, -0.5, 0.0], [1.0, 0.0, 4.0]])
        >>> W2 = np.array([[0.5, 0.0], [2.0, -4.0], [0.0, 0.25]])
        >>> [(m.neuron, m.primary, m.secondary, m.inhibitor, m.strength) for m in motifs(W1, W2, np.zeros(3))]
        [(0, 0, 1, 1, 2.0)]
    """
    W1, W2, b = (np.asarray(array, np.float64) for array in (W1, W2, b))
    instances = []
    for k, row in enumerate(W1):
        gains = np.abs(row) * W2[:, k]
        shared = np.flatnonzero(gains >= GAIN).tolist()
        for i in shared:
            for j in shared:
                if abs(row[i]) >= RATIO * abs(row[j]) and (motif := _inhibited(W1, W2, b, k, i, j)):
                    instances.append(motif)
    return sorted(instances, key=lambda motif: -motif.strength)


def _inhibited(W1: np.ndarray, W2: np.ndarray, b: np.ndarray, k: int, i: int, j: int) -> Motif | None:
    """The instance of neuron k, primary i and secondary j, if its leak is inhibited."""
    sign = np.sign(W1[k, i])
    parts = W2[j] * np.maximum(sign * W1[:, i], 0.0)
    leak, left = float(parts[k]), float(parts.sum() + b[j])
    inhibitor = int(parts.argmin())
    if left > LEFT * leak or parts[inhibitor] > -0.5 * leak:
        return None
    size = float(np.sqrt(leak))
    scale = size / abs(W1[k, i])
    into, out = sign * scale * W1[k, [i, j]], W2[[i, j], k] / scale
    return Motif(
        neuron=k,
        primary=i,
        secondary=j,
        inhibitor=inhibitor,
        strength=size,
        weight_in=(float(into[0]), float(into[1])),
        weight_out=(float(out[0]), float(out[1])),
        leak=leak,
        left=left,
    )


def single_responses(
    W1: Float[np.ndarray, "hidden feature"], W2: Float[np.ndarray, "feature hidden"], b: Float[np.ndarray, " feature"]
) -> Float64[np.ndarray, "sign feature feature"]:
    """Outputs for a single active feature: entry (s, j, i) is output j for x_i = +1 (s = 0) or -1 (s = 1), all others zero.

    Example: one neuron for each sign.
        >>> single_responses(np.array([[1.0], [-1.0]]), np.array([[1.0, 1.0]]), np.zeros(1)).tolist()
        [[[1.0]], [[1.0]]]
    """
    W1, W2 = np.asarray(W1, np.float64), np.asarray(W2, np.float64)
    both = [np.maximum(W2 @ np.maximum(sign * W1, 0.0) + np.asarray(b)[:, None], 0.0) for sign in (1, -1)]
    return np.stack(both)


def half_features(
    W1: Float[np.ndarray, "hidden feature"], W2: Float[np.ndarray, "feature hidden"], b: Float[np.ndarray, " feature"]
) -> Float64[np.ndarray, "sign feature"]:
    """Output i when feature i is active alone, for x_i = +1 (row 0) and -1 (row 1): 1 where |x_i| is computed exactly.

    Example: only the positive side.
        >>> half_features(np.array([[1.0]]), np.array([[1.0]]), np.zeros(1)).tolist()
        [[1.0], [0.0]]
    """
    return np.einsum("sii->si", single_responses(W1, W2, b))
