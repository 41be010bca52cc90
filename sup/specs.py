"""Specs of runs: a run is one toy model, described by everything that can change its weights and by nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from itertools import pairwise
from typing import Any, Literal, TypeAlias, get_args

from sup.canonical import PINNED
from sup.constants import LANES
from sup.features import Distribution, PerFeature, normalise, per_feature
from sup.fields import items, real, require, whole, word

Model: TypeAlias = Literal["linear", "relu-output", "relu-hidden", "absolute"]
Activation: TypeAlias = Literal["relu", "quadratic", "gelu"]
Schedule: TypeAlias = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """The properties in which models differ; engines read these and never the model's name.

    Attributes:
        tied: Whether one matrix W leads in and out; else W1 leads in and W2 out.
        hidden: Whether the activation is applied at the hidden layer.
        output: Whether it is applied at the output.
        target: The target of the output: the samples x, or |x|.
    """

    tied: bool
    hidden: bool
    output: bool
    target: Literal["x", "|x|"]


TRAITS: dict[Model, Traits] = {
    "linear": Traits(tied=True, hidden=False, output=False, target="x"),
    "relu-output": Traits(tied=True, hidden=False, output=True, target="x"),
    "relu-hidden": Traits(tied=True, hidden=True, output=True, target="x"),
    "absolute": Traits(tied=False, hidden=True, output=True, target="|x|"),
}

WIDEST = 2**16
"""Widths of layers lie below it."""

REALS = ("learning_rate", "weight_decay", "beta1", "beta2", "epsilon", "init_scale", "l1", "attack")
"""The fields of a recipe that are one real number each."""

CONSTANT: Schedule = ((0.0, 1.0), (1.0, 1.0))
LINEAR_DECAY: Schedule = ((0.0, 1.0), (1.0, 0.0))


def traits_of(model: Model) -> Traits:
    """The traits of `model`. Refuses an unknown model with a SpecError."""
    require(word(model) in TRAITS, "model", f"one of {', '.join(TRAITS)}", model, "Pick one of these.")
    return TRAITS[model]


def geometric(decay: float, count: int) -> tuple[float, ...]:
    """The first `count` importances of 1, decay, decay^2, ...; by repeated multiplication, so the same on every machine.

    Refuses with a SpecError a decay below 0, and a count that is no width of an input.

    Example:
        >>> geometric(0.5, 3)
        (1.0, 0.5, 0.25)
    """
    factor, length = real(decay), whole(count)
    require(factor >= 0.0, "decay", "the factor from one importance to the next, at least 0", decay, "Pass 0.7, for instance.")
    require(1 <= length < WIDEST, "count", "how many importances there are, an int of at least 1", count, "Pass n_features.")
    values = [1.0]
    for _ in range(length - 1):
        values.append(values[-1] * factor)
    return tuple(values)


def power_of_ten(exponent: float) -> float:
    """10^exponent, correctly rounded, so that a spec with this value has the same digest on every machine.

    The powers of NumPy and of C libraries differ in their last bits between processors. Refuses with a SpecError an exponent
    below -308 or above 308.

    Example:
        >>> power_of_ten(-2.0), power_of_ten(0.5)
        (0.01, 3.1622776601683795)
    """
    power = real(exponent)
    require(-308.0 <= power <= 308.0, "exponent", "a power of ten, from -308 to 308", exponent, "Pass -2.0 for 0.01.")
    with localcontext(prec=40):
        return float(Decimal(10) ** Decimal(power))


def normalise_schedule(schedule: object) -> Schedule:
    """The knots of a schedule as a tuple of pairs of floats.

    Refuses with a SpecError knots whose shares do not rise from 0 to 1, or with a factor that is below 0 or infinite.
    """
    pairs = tuple(tuple(map(real, items(knot))) for knot in items(schedule))
    knots = tuple((pair[0], pair[1]) for pair in pairs if len(pair) == 2)
    shares = [share for share, _ in knots]
    rising = len(knots) >= 2 and shares[0] == 0.0 and shares[-1] == 1.0 and all(a < b for a, b in pairwise(shares))
    require(
        len(knots) == len(pairs) and rising and all(factor >= 0.0 for _, factor in knots),
        "schedule",
        "a tuple of knots (share of training, factor) with shares rising from 0.0 to 1.0 and factors of at least 0",
        schedule,
        "For a constant rate, pass CONSTANT; for a decay to zero, LINEAR_DECAY.",
    )
    return knots


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a model is trained: AdamW from small random weights and zero bias, by default on fresh batches.

    It lowers the mean over batch and features of I_i (x_i - x'_i)^2, plus `l1` times the mean over the batch of
    sum_a |h_a|. x' and h are the output and the hidden layer on the (attacked) samples, and x is the target, made from the
    samples as drawn. A run's final loss is the first part alone, on other samples: fresh draws, without attack.

    Attributes:
        steps: Optimiser updates.
        batch: Samples per update; a multiple of 64, or any number if `dataset` is set.
        learning_rate: Peak step size of AdamW.
        schedule: Factor on the learning rate over the course of training: knots (share of the steps done, factor), joined by
            straight lines, from share 0 to share 1.
        weight_decay: Decoupled decay of weights and biases, per unit of learning rate.
        beta1: Memory of the gradient's mean.
        beta2: Memory of the gradient's square.
        epsilon: Added to the root of the square's mean.
        init_scale: Factor on the initial weights, which are normal with standard deviation
            init_scale * sqrt(2 / (n_features + n_hidden)).
        l1: Weight of the penalty on the hidden layer: the mean over the batch of the sum over hidden dimensions of |h_a|.
        attack: Euclidean norm of the perturbation of each sample before the model sees it; 0 for none (see `sup.attack`).
        dataset: Number of a fixed data set of `batch` samples that every update uses in full; None for fresh samples. Runs
            with the same number, distribution and n_features share it; a smaller data set is the beginning of a larger one.
    """

    steps: int = 10_000
    batch: int = 1024
    learning_rate: float = 1e-3
    schedule: Schedule = CONSTANT
    weight_decay: float = 0.01
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    init_scale: float = 1.0
    l1: float = field(default=0.0, metadata=PINNED)
    attack: float = field(default=0.0, metadata=PINNED)
    dataset: int | None = field(default=None, metadata=PINNED)

    def __post_init__(self) -> None:
        canonical: dict[str, Any] = {name: real(getattr(self, name)) for name in REALS}
        self._check_optimiser(canonical)
        for name, meaning in (("l1", "the weight of the mean of sum_a |h_a|"), ("attack", "the norm of a sample's perturbation")):
            require(canonical[name] >= 0.0, name, f"{meaning}, finite and at least 0", getattr(self, name), "Pass 0.0 for none.")
        canonical |= {"schedule": normalise_schedule(self.schedule), "steps": whole(self.steps), "batch": whole(self.batch)}
        require(
            1 <= canonical["steps"] < 2**32,
            "steps",
            "the number of updates, an int of at least 1",
            self.steps,
            "For untrained weights, observe snapshot 0 of a run of one step.",
        )
        canonical["dataset"] = None if self.dataset is None else whole(self.dataset)
        self._check_samples(canonical["batch"], canonical["dataset"])
        for name, value in canonical.items():
            object.__setattr__(self, name, value)

    def _check_optimiser(self, canonical: Mapping[str, float]) -> None:
        """Refuses invalid settings of the optimiser, or a factor on the initial weights, with a SpecError."""
        rate, decay = canonical["learning_rate"], canonical["weight_decay"]
        require(
            0.0 < rate < 1.0, "learning_rate", "AdamW's step size, in (0, 1)", self.learning_rate, "Pass 1e-3, the usual one."
        )
        require(
            decay >= 0.0 and decay * rate < 1.0,
            "weight_decay",
            "the decay per unit of learning rate, at least 0 and below 1 / learning_rate",
            self.weight_decay,
            "Pass weight_decay=0.0 for none.",
        )
        for name in ("beta1", "beta2"):
            meaning = "a share of the past that is kept, in [0, 1)"
            require(0.0 <= canonical[name] < 1.0, name, meaning, getattr(self, name), "The usual ones are 0.9 and 0.999.")
        meaning = "added to a root to keep a quotient finite, so above 0"
        require(canonical["epsilon"] > 0.0, "epsilon", meaning, self.epsilon, "Pass 1e-8.")
        meaning = "a factor on the initial weights, at least 0"
        require(canonical["init_scale"] >= 0.0, "init_scale", meaning, self.init_scale, "Pass 1.0 for the usual spread.")

    def _check_samples(self, batch: int, dataset: int | None) -> None:
        """Refuses an invalid batch size or data-set number with a SpecError."""
        if dataset is None:
            require(
                LANES <= batch < 2**31 and batch % LANES == 0,
                "batch",
                f"the samples per update, a positive multiple of {LANES} below 2**31",
                self.batch,
                "Pass batch=1024, the usual one.",
            )
            return
        require(
            0 <= dataset < 2**63,
            "dataset",
            "the number of a fixed data set, an int of at least 0",
            self.dataset,
            "Pass dataset=0 for the first, or None for fresh samples.",
        )
        require(
            1 <= batch < 2**31,
            "batch",
            "the samples of the data set, an int of at least 1",
            self.batch,
            "Pass batch=1000 for a thousand of them.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One toy model: everything that can change its weights, and nothing else.

    Attributes:
        model: linear: W^T W x + b. relu-output: ReLU(W^T W x + b). relu-hidden: ReLU(W^T ReLU(W x) + b).
            absolute: ReLU(W2 ReLU(W1 x) + b), with target |x|.
        activation: Function in place of every ReLU of the model: relu; quadratic, z^2; gelu, z Phi(z) in its tanh form.
        n_features: Width n of the input, at least 1.
        n_hidden: Width m of the hidden layer, at least 1.
        distribution: How the features occur.
        importance: Weight of each feature in the loss; one number, or one per feature.
        recipe: How the model is trained.
        seed: Seed of this model's randomness; runs that differ only here are replicates.
    """

    model: Model
    n_features: int
    n_hidden: int
    distribution: Distribution
    importance: PerFeature = 1.0
    recipe: Recipe = field(default_factory=Recipe)
    seed: int = 0
    activation: Activation = field(default="relu", metadata=PINNED)

    def __post_init__(self) -> None:
        canonical: dict[str, Any] = {name: word(getattr(self, name)) for name in ("model", "activation")}
        canonical |= {name: whole(getattr(self, name)) for name in ("n_features", "n_hidden", "seed")}
        traits, known = traits_of(self.model), get_args(Activation)
        require(
            canonical["activation"] in known, "activation", f"one of {', '.join(known)}", self.activation, "Pick one of these."
        )
        require(
            traits.hidden or traits.output or canonical["activation"] == "relu",
            "activation",
            f"what stands in place of ReLU, and the {self.model} model has none",
            self.activation,
            "Leave it out, or pick another model.",
        )
        for name, meaning in (("n_features", "the width n of the input"), ("n_hidden", "the width m of the hidden layer")):
            given = getattr(self, name)
            require(1 <= canonical[name] < WIDEST, name, f"{meaning}, an int of at least 1", given, "Pass a small int.")
        require(0 <= canonical["seed"] < 2**63, "seed", "an int of at least 0", self.seed, "Pass seed=0.")
        require(type(self.recipe) is Recipe, "recipe", "a Recipe", self.recipe, "Pass Recipe(steps=...).")
        canonical["importance"] = normalise("importance", self.importance)
        for name, value in canonical.items():
            object.__setattr__(self, name, value)
        self._check_features()

    def _check_features(self) -> None:
        """Refuses with a SpecError a distribution or importances of another number of features."""
        require(
            type(self.distribution) in get_args(Distribution),
            "distribution",
            "an Independent, Correlated or Anticorrelated",
            self.distribution,
            "Pass for instance Independent(density=0.1).",
        )
        for count in self.distribution.counts():
            require(
                count == self.n_features,
                "distribution",
                f"about all {self.n_features} features",
                self.distribution,
                f"It speaks of {count}; give one number per feature, or one for all.",
            )
        weights = per_feature(self.importance, self.n_features)
        require(
            len(weights) == self.n_features and min(weights) >= 0.0,
            "importance",
            f"the weight of each of the {self.n_features} features in the loss, none below 0",
            self.importance,
            "Pass 1.0 for equal weights, or geometric(0.7, n_features).",
        )

    @property
    def traits(self) -> Traits:
        """The traits of the run's model."""
        return TRAITS[self.model]
