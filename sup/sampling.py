"""Samples of features in torch, on any device, by the law of `sup.law`: each a function of the run's draws alone."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from sup.draws import PARITY, ROUNDS, stream_keys
from sup.features import Anticorrelated, Correlated, Independent
from sup.law import HALF, LANES, columns, scale_and_low, thresholds
from sup.specs import Run


def _words(keys: Int[Tensor, "run 2"], step: int, start: int, blocks: int, count: int) -> Int[Tensor, "run blocks count"]:
    """The words of blocks `start` to `start + blocks`; in int64, since torch has no unsigned shifts on every device."""
    mask = 0xFFFFFFFF
    k0, k1 = keys[:, :1], keys[:, 1:]
    schedule = (k0, k1, k0 ^ k1 ^ PARITY)
    x0 = (torch.arange(start * count // 2, (start + blocks) * count // 2, device=keys.device)[None] + k0) & mask
    x1 = ((step + k1) & mask).expand_as(x0)
    for number, rotations in enumerate(ROUNDS):
        for rotation in rotations:
            x0 = (x0 + x1) & mask
            x1 = (((x1 << rotation) & mask) | (x1 >> (32 - rotation))) ^ x0
        if len(rotations) == 4:
            x0 = (x0 + schedule[(number + 1) % 3]) & mask
            x1 = (x1 + schedule[(number + 2) % 3] + number + 1) & mask
    return torch.cat([x.reshape(len(keys), blocks, count // 2) for x in (x0, x1)], dim=2)


class Sampler:
    """Draws batches for runs of one shape; row r depends on run r's draws alone.

    Args:
        runs: Specs of one shape.
        stream: "train" or "eval".
        device: Where the samples are made.
    """

    def __init__(self, runs: Sequence[Run], stream: str, device: str = "cpu") -> None:
        self.run, self.columns = runs[0], columns(runs[0])
        self.keys = torch.from_numpy(stream_keys(runs, stream).astype("int64")).to(device)
        self.thresholds = torch.from_numpy(np.stack([thresholds(run) for run in runs]).astype("int64")).to(device)[:, None]
        if isinstance(self.run.distribution, Independent):
            scale, low = (np.stack(parts) for parts in zip(*map(scale_and_low, runs), strict=True))
            self.scale, self.low = (torch.from_numpy(part).to(device)[:, None] for part in (scale, low))
        else:
            sizes = torch.tensor(self.run.distribution.sizes, device=device)
            self.sizes, self.starts = sizes, sizes.cumsum(0) - sizes
            self.set_of = torch.repeat_interleave(torch.arange(len(sizes), device=device), sizes)

    def draw(self, step: int, batch: int, start: int = 0) -> Float[Tensor, "run batch feature"]:
        """Samples `start` to `start + batch`, multiples of 64, of update `step`, for each run."""
        blocks = batch // LANES
        words = _words(self.keys, step, start // LANES, blocks, LANES * self.columns) >> 1
        words = (
            words.reshape(len(self.keys), blocks, self.columns, LANES)
            .transpose(2, 3)
            .reshape(len(self.keys), batch, self.columns)
        )
        if isinstance(self.run.distribution, Anticorrelated):
            return self._anticorrelated(words)
        if isinstance(self.run.distribution, Correlated):
            n = self.run.n_features
            active = (words[..., n:] < self.thresholds)[..., self.set_of]
            return torch.where(active, words[..., :n].float() * (1 / HALF), 0.0)
        return torch.where(words < self.thresholds, words.float() * self.scale + self.low, 0.0)

    def _anticorrelated(self, words: Int[Tensor, "run batch columns"]) -> Float[Tensor, "run batch feature"]:
        first, second = words.chunk(2, dim=-1)
        member = self.starts + first * self.sizes // self.thresholds
        chosen = member[..., self.set_of] == torch.arange(self.run.n_features, device=words.device)
        active = (first < self.thresholds)[..., self.set_of]
        return torch.where(active & chosen, second[..., self.set_of].float() * (1 / HALF), 0.0)
