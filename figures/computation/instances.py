"""Instances of the asymmetric motif in trained models, what their inhibitors do besides, and which model to draw.

Not a figure itself.
"""

from dataclasses import dataclass

import numpy as np

from sup.motifs import GAIN, Motif, motifs
from sup.results import Trained


@dataclass(frozen=True, kw_only=True)
class Instance:
    """An instance of the motif in a fit.

    Attributes:
        motif: Its neurons, features and weights.
        third: The feature that the inhibitor returns besides, if it does so at least half; -1 for none, or one of the pair's.
    """

    motif: Motif
    third: int

    @property
    def opposite(self) -> bool:
        """Whether the weights in have opposite signs."""
        return self.motif.weight_in[0] * self.motif.weight_in[1] < 0

    @property
    def described(self) -> bool:
        """Whether it is as the paper describes: weights in of opposite signs, and an inhibitor without a third feature."""
        return self.opposite and self.third < 0


def found_in(fits: Trained) -> list[list[Instance]]:
    """The instances of the motif in each fit: those as the paper describes first, then the strongest."""
    found = []
    for k in range(len(fits)):
        W1, W2, b = (fits[name][k] for name in ("W1", "W2", "b"))
        of_fit = [Instance(motif=motif, third=_third(W1, W2, motif)) for motif in motifs(W1, W2, b)]
        found.append(sorted(of_fit, key=lambda instance: not instance.described))
    return found


def _third(W1: np.ndarray, W2: np.ndarray, motif: Motif) -> int:
    returned = np.abs(W1[motif.inhibitor]) * W2[:, motif.inhibitor]
    returned[[motif.primary, motif.secondary]] = 0.0
    return int(returned.argmax()) if returned.max() >= GAIN else -1


def chosen(fits: Trained, instances: list[list[Instance]]) -> int:
    """Position of the fit to draw: most instances as described, at most two count; then most of any; then the lowest loss."""

    def worth(k: int) -> tuple[int, int, float]:
        described = sum(instance.described for instance in instances[k])
        return min(2, described), min(2, len(instances[k])), -float(fits["final_loss"][k])

    return max(range(len(instances)), key=worth)
