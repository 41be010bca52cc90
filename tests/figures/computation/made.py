"""Models of |x| that nobody trained: weights written by hand, for tests of what figures compute and claim."""

import numpy as np

from figures.base import Size, judge
from figures.computation.absolute_large import DENSITIES
from sup.baseline import constant_loss
from sup.results import Trained
from tests.figures.models import nth


def fits(module, weights, seeds, losses=nth):
    """Results of the module's sweeps: `weights(run)` gives W1 (hidden, feature) and W2 (feature, hidden); biases are zero."""
    found = {}
    for name, sweep in module.needs(Size(steps=1, seeds=seeds)).items():
        pairs = [weights(run) for run in sweep.runs]
        W1, W2 = (np.stack([pair[side] for pair in pairs]).astype(np.float32) for side in (0, 1))
        loss = np.array([losses(run) for run in sweep.runs], np.float32)
        found[name] = Trained(sweep.runs, {"W1": W1, "W2": W2, "b": np.zeros(W2.shape[:2], np.float32), "final_loss": loss})
    return found


def verdicts(module, data):
    return {claim.id: judge(claim, data, decides=True).verdict for claim in module.CLAIMS}


def settled(run):
    """A loss of 1 % of that of constant outputs, and a little more for later replicates."""
    return (0.01 + 1e-4 * nth(run)) * constant_loss(run)


def scaled(W1, W2, seed):
    """The same model with its neurons reordered and scaled at random."""
    rng = np.random.default_rng(seed)
    factor, order = np.exp(rng.uniform(-1, 1, (len(W1), 1))), rng.permutation(len(W1))
    return (factor * W1)[order], (W2 / factor.T)[:, order]


def both_sides(features, hidden, kept):
    """Two neurons for each of the first `kept` features, one for each sign; the other neurons are dead."""
    W1 = np.zeros((hidden, features))
    W1[: 2 * kept : 2, :kept], W1[1 : 2 * kept : 2, :kept] = np.eye(kept), -np.eye(kept)
    return W1, np.abs(W1.T)


def motif(run, into=(2.0, -0.5), pure=False):
    """The paper's motif between features 0 and 1 of six, inhibited by a neuron that serves one side of feature 2, or none."""
    W1, W2 = both_sides(6, 10, 5)
    W1[0, :2], W2[:2, 0] = into, (1 / into[0], 1 / abs(into[1]))
    W1[4, 0], W2[1, 4] = 1.0, -into[0] / abs(into[1])
    W1[4, 2], W2[2, 4] = (0.0, 0.0) if pure else (4.0, 0.25)
    return scaled(W1, W2, run.seed)


def plain(run):
    return scaled(*both_sides(run.n_features, run.n_hidden, min(run.n_features, run.n_hidden // 2)), run.seed)


def ladder(run):
    """Neurons of one feature at the dense end, of several at the sparse end; in between, the least important features share."""
    W1, W2 = both_sides(100, 40, 20)
    shared = (0, 0, 10, 20, 30, 40, 40)[DENSITIES.index(run.distribution.density)]
    W1[40 - shared :, 30:40] = 0.5
    return W1, W2
