"""Samples of features in torch, on any device, by the law of `sup.law`. A sample depends on its run's draws alone."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from sup.constants import LANES
from sup.draws import PARITY, ROUNDS, stream_keys
from sup.errors import SpecError
from sup.features import Anticorrelated, Correlated, Independent
from sup.law import HALF, columns, scale_and_low, thresholds
from sup.specs import Run

MASK = 0xFFFFFFFF


def _words(
    keys: Int[Tensor, "run 2"], step: int | Int[Tensor, "1"], start: int, blocks: int, count: int
) -> Int[Tensor, "run blocks count"]:
    """The words of blocks `start` to `start + blocks`; in int64, since torch has no unsigned shifts on every device.

    It works in place where possible, since words are most of what a step of training reads and writes. x0 is cut to 32 bits
    only at the end, since only its lower 32 bits enter x1.
    """
    k0, k1 = keys[:, :1], keys[:, 1:]
    schedule = (k0, k1, k0 ^ k1 ^ PARITY)
    x0 = torch.arange(start * count // 2, (start + blocks) * count // 2, device=keys.device)[None] + k0
    x1 = ((step + k1) & MASK).repeat(1, x0.shape[1])
    for number, rotations in enumerate(ROUNDS):
        for rotation in rotations:
            x0 += x1
            over = x1 >> (32 - rotation)
            x1 <<= rotation
            x1 |= over
            x1 ^= x0
            x1 &= MASK
        if len(rotations) == 4:
            x0 += schedule[(number + 1) % 3]
            x1 += schedule[(number + 2) % 3] + (number + 1)
            x1 &= MASK
    x0 &= MASK
    return torch.cat([x.reshape(len(keys), blocks, count // 2) for x in (x0, x1)], dim=2)


class Sampler:
    """Draws batches for runs of one shape; row r depends on run r's draws alone.

    Constants are moved to the device once, so a draw needs only tensors that are there.

    Args:
        runs: Specs of one shape.
        stream: "train" or "eval".
        device: Device on which samples are drawn.
    """

    def __init__(self, runs: Sequence[Run], stream: str, device: str = "cpu") -> None:
        self.run, self.columns = runs[0], columns(runs[0])
        self.keys = torch.from_numpy(stream_keys(runs, stream).astype("int64")).to(device)

        def by_lane(rows: NDArray[Any]) -> Tensor:  # per run and column, the same in every block and lane
            return torch.from_numpy(rows).to(device)[:, None, :, None]

        self.thresholds = by_lane(np.stack([thresholds(run) for run in runs]).astype("int64"))
        if isinstance(self.run.distribution, Independent):
            self.scale, self.low = (by_lane(np.stack(parts)) for parts in zip(*map(scale_and_low, runs), strict=True))
        else:
            sizes = np.array(self.run.distribution.sizes)
            self.set_of = torch.from_numpy(np.repeat(np.arange(len(sizes)), sizes)).to(device)
            if isinstance(self.run.distribution, Anticorrelated):
                self.sizes, self.starts = by_lane(sizes[None]), by_lane((sizes.cumsum() - sizes)[None])
                self.features = by_lane(np.arange(self.run.n_features)[None])

    def draw(self, step: int | Int[Tensor, "1"], batch: int, start: int = 0) -> Float[Tensor, "run batch feature"]:
        """Samples `start` to `start + batch`, both multiples of LANES, of update `step` (an int or a tensor), for each run."""
        blocks = batch // LANES
        words = _words(self.keys, step, start // LANES, blocks, LANES * self.columns)
        words >>= 1
        x = self._values(words.reshape(len(self.keys), blocks, self.columns, LANES))
        if self.run.distribution.unit_norm:
            norm = x.square().sum(dim=2, keepdim=True).sqrt_()
            x /= torch.where(norm > 0, norm, 1.0)
        return x.transpose(2, 3).reshape(len(self.keys), batch, self.run.n_features)

    def _values(self, words: Int[Tensor, "run blocks columns lane"]) -> Float[Tensor, "run blocks feature lane"]:
        """The samples that `sup.law` makes from 31-bit words."""
        if isinstance(self.run.distribution, Anticorrelated):
            first, second = words.chunk(2, dim=2)
            chosen = (self.starts + first * self.sizes // self.thresholds)[:, :, self.set_of] == self.features
            active = (first < self.thresholds)[:, :, self.set_of] & chosen
            return torch.where(active, (second.float() * (1 / HALF))[:, :, self.set_of], 0.0)
        if isinstance(self.run.distribution, Correlated):
            n = self.run.n_features
            active = (words[:, :, n:] < self.thresholds)[:, :, self.set_of]
            return torch.where(active, words[:, :, :n].float() * (1 / HALF), 0.0)
        return torch.where(words < self.thresholds, words.float().mul_(self.scale).add_(self.low), 0.0)


def examples(runs: Sequence[Run], device: str = "cpu") -> Float[Tensor, "run batch feature"]:
    """The fixed data set that each run is trained on, of `batch` samples.

    A run's train loss is `weighted_loss` of `forward` on `examples([run])`; its `final_loss` is on other samples.

    Raises:
        SpecError: if the runs are trained on fresh samples.
    """
    recipe = runs[0].recipe
    if recipe.dataset is None:
        raise SpecError(
            "examples are of a fixed data set, and these runs are trained on fresh samples: dataset is None. "
            "Pass dataset=0 in the recipe, or draw from Sampler(runs, 'train')."
        )
    whole = -(-recipe.batch // LANES) * LANES
    return Sampler(runs, "train", device).draw(0, whole)[:, : recipe.batch]


class Attacks:
    """Draws the attacks of training: a feature and a sign for each sample of each update, with the norm of the run's recipe.

    Args:
        runs: Specs of one shape.
        device: Device on which attacks are drawn.
    """

    def __init__(self, runs: Sequence[Run], device: str = "cpu") -> None:
        self.n_features = runs[0].n_features
        self.keys = torch.from_numpy(stream_keys(runs, "attack").astype("int64")).to(device)
        self.norm = torch.from_numpy(np.array([[run.recipe.attack] for run in runs], np.float32)).to(device)

    def draw(self, step: int | Int[Tensor, "1"], batch: int) -> tuple[Int[Tensor, "run batch"], Float[Tensor, "run batch"]]:
        """The attacked feature, and the signed norm, of each of `batch` samples of update `step`, for each run."""
        words = _words(self.keys, step, 0, -(-batch // LANES), LANES).flatten(1)[:, :batch]
        return (words >> 1) * self.n_features >> 31, torch.where(words % 2 == 0, self.norm, -self.norm)
