"""Trained models that nobody trained: specs with weights written by hand, for tests of what figures compute and claim."""

from dataclasses import replace

import numpy as np

from figures.base import FIRST_SEED, Data, array
from sup.results import Trained

FIVE = 2 * np.pi * np.arange(5) / 5


def circle(*degrees, length=1.0):
    """Columns at these angles, shape (2, feature)."""
    angles = np.radians(degrees)
    return length * np.array([np.cos(angles), np.sin(angles)])


def padded(columns, features):
    """`columns` (hidden, feature) followed by zero columns, `features` in all."""
    return np.concatenate([columns, np.zeros((len(columns), features - columns.shape[1]))], axis=1)


def blocks(features, *groups):
    """W (hidden, feature): each group of columns (hidden, feature) in hidden dimensions of its own, features in order."""
    W, row, column = np.zeros((sum(map(len, groups)), features)), 0, 0
    for group in groups:
        height, width = group.shape
        W[row : row + height, column : column + width] = group
        row, column = row + height, column + width
    return W


def turned(W, seed):
    """W (hidden, feature) with its hidden space rotated and perhaps mirrored at random."""
    turn, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(W), len(W))))
    return turn @ W


def nth(run):
    """Which replicate of its setting a run is, from 0."""
    return run.seed - FIRST_SEED


def changed(data, **numbers):
    """`data` with other numbers in some of its arrays."""
    others = {name: replace(data.arrays[name], values=np.asarray(values)) for name, values in numbers.items()}
    return Data(arrays={**data.arrays, **others}, values=data.values)


def plain(**numbers):
    """Data of these numbers alone, for claims that read nothing else."""
    arrays = {name: np.asarray(values) for name, values in numbers.items()}
    return Data(arrays={name: array(values, "row " * values.ndim, "numbers") for name, values in arrays.items()})


def trained(sweep, weights, biases=None, losses=None):
    """Results of `sweep`: `weights(run)` (hidden, feature), `biases(run)` (feature) or zeros, `losses(run)` or `nth`."""
    W = np.stack([weights(run) for run in sweep.runs]).astype(np.float32)
    b = np.zeros((len(W), W.shape[2])) if biases is None else np.stack([biases(run) for run in sweep.runs])
    loss = [nth(run) if losses is None else losses(run) for run in sweep.runs]
    return Trained(sweep.runs, {"W": W, "b": b.astype(np.float32), "final_loss": np.array(loss, np.float32)})
