"""Named tuples of the arrays and numbers that the loop takes and passes on.

Numba reads a field of a named tuple at no cost, but not as a compile-time constant. Values that it must know while it compiles
(sizes, kinds, flags) are therefore passed from function to function as separate arguments.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sup.constants import LANES, SMALL
from sup.training.kernel.activation import is_curved
from sup.training.kernel.vectors import WIDTH

Array = NDArray[Any]


class Constants(NamedTuple):
    """The compile-time constants of a loop.

    Attributes:
        n: Number of features.
        m: Number of hidden dimensions.
        columns: Words per sample.
        kind: Kind of distribution (`sup.training.kernel.sampler`).
        hidden: Activation of the hidden layer (`sup.training.kernel.activation`).
        output: Activation of the output.
        tied: Whether one matrix serves both ways.
        absolute: Whether the target is |x|; else it is x.
        unit_norm: Whether samples have unit norm.
        penalised: Whether there is a penalty on the hidden layer.
        attacked: Whether samples are attacked.
        fixed: Whether samples come from a fixed data set.
    """

    n: int
    m: int
    columns: int
    kind: int
    hidden: int
    output: int
    tied: bool
    absolute: bool
    unit_norm: bool
    penalised: bool
    attacked: bool
    fixed: bool


class Layout(NamedTuple):
    """The scratch array: its size, and the offset of each part, in numbers.

    Attributes:
        padded: Numbers in a row of hidden dimensions: m, rounded up to whole vectors.
        size: Total size of the array.
        X: Samples (feature lane).
        H: Hidden layer (hidden lane).
        Z: Outputs, then gradients before the output's activation (feature lane).
        D: Gradients of the hidden layer; before that, where samples are attacked, weights of the attacked features (hidden lane).
        HR: Hidden layer (lane hidden), for large shapes.
        DR: Gradients of the hidden layer (lane hidden), for large shapes.
        KH: Slopes of the hidden layer's activation, where it is curved: like DR for large shapes, else like D.
        KZ: Slopes of the output's activation, where it is curved (feature lane).
        A: Attacked samples (feature lane), where there are any.
        Q: A row of lanes for norms of samples, or losses.
        GB: Bias gradient (feature lane).
        GV: Gradient of the way out, (hidden feature lane), for large shapes (feature hidden); tied: of both ways.
        GW: Gradient of the way in, likewise.
    """

    padded: int
    size: int
    X: int
    H: int
    Z: int
    D: int
    HR: int
    DR: int
    KH: int
    KZ: int
    A: int
    Q: int
    GB: int
    GV: int
    GW: int


def layout(constants: Constants) -> Layout:
    """The layout of the scratch array of a loop with these constants."""
    n, m = constants.n, constants.m
    small, padded = n * m <= SMALL, -(-m // WIDTH) * WIDTH
    rows, weights = (0, n * m * LANES) if small else (padded * LANES, n * padded)
    sizes = {
        "X": n * LANES,
        "H": m * LANES,
        "Z": n * LANES,
        "D": m * LANES,
        "HR": rows,
        "DR": rows,
        "KH": (rows or m * LANES) if is_curved(constants.hidden) else 0,
        "KZ": n * LANES if is_curved(constants.output) else 0,
        "A": n * LANES if constants.attacked else 0,
        "Q": LANES,
        "GB": n * LANES,
        "GV": 0 if constants.tied else weights,
        "GW": weights,
    }
    *starts, size = np.cumsum([0, *sizes.values()]).tolist()
    return Layout(padded, size, *starts)


class Parameters(NamedTuple):
    """Parameters of models, or arrays of the same shapes, such as running means.

    Attributes:
        W: The way in (run hidden feature).
        V: The way out (run hidden feature): W itself in tied models, else the transpose of W2.
        b: Biases (run feature).
    """

    W: Array
    V: Array
    b: Array


class State(NamedTuple):
    """The arrays that training changes.

    Attributes:
        parameters: The models' parameters.
        mean: AdamW's running mean of each gradient.
        square: AdamW's running mean of each gradient's square.
        power: Powers of beta1 and beta2, float64 (run 2).
    """

    parameters: Parameters
    mean: Parameters
    square: Parameters
    power: Array


class Task(NamedTuple):
    """The task of runs: distribution, importances and draws.

    Attributes:
        keys: Keys of the stream (run 2).
        threshold: T of `sup.law` for each feature (run feature), or for each set where features come in sets (run set).
        scale: Scale of independent features (run feature), else empty.
        low: Lower end of the range of independent features (run feature), else empty.
        sizes: Sizes of the sets, the same for all runs (set).
        importance: Weight of each feature in the loss (run feature).
    """

    keys: Array
    threshold: Array
    scale: Array
    low: Array
    sizes: Array
    importance: Array


class Objective(NamedTuple):
    """Attacks and penalties of runs.

    Attributes:
        keys: Keys of the stream `attack` (run 2).
        norm: Norm of the attacks (run).
        penalty: Slope of l1 * sum_a |h_a| before the common factor of all gradients (run).
    """

    keys: Array
    norm: Array
    penalty: Array


class Optimiser(NamedTuple):
    """Recipes of runs, float64, as `sup.training.recipes` packs them.

    Attributes:
        constants: Learning rate, weight decay, beta1, beta2 and epsilon (run 5).
        knots: Knots of the schedule (run knot 2).
    """

    constants: Array
    knots: Array


class Scratch(NamedTuple):
    """Scratch arrays for one run at a time.

    Attributes:
        S: The numbers of a block, in the order of `Layout`.
        U: The words of a block.
        G: The gradients of an update before the common factor, each flat.
    """

    S: Array
    U: Array
    G: Parameters


class Model(NamedTuple):
    """The weights of one run.

    Attributes:
        W: The way in (hidden feature).
        V: The way out (hidden feature).
        b: Biases (feature).
        WT: W transposed, in rows of `Layout.padded` numbers; empty for small shapes.
        VT: V likewise.
    """

    W: Array
    V: Array
    b: Array
    WT: Array
    VT: Array


class Scalars(NamedTuple):
    """Scalars of one update, float32.

    Attributes:
        factor: Common factor of gradients, 2 / (batch n).
        rate: Learning rate.
        keep: Share of a parameter that decay leaves.
        b1: beta1.
        a1: 1 - beta1.
        b2: beta2.
        a2: 1 - beta2.
        c1: Factor on the mean of gradients that removes its bias.
        c2: Factor on the mean of squares that removes its bias.
        epsilon: Added to the root.
    """

    factor: Any
    rate: Any
    keep: Any
    b1: Any
    a1: Any
    b2: Any
    a2: Any
    c1: Any
    c2: Any
    epsilon: Any
