"""The loop that most reimplementations of the paper use, as a baseline: dense batches, einsum, autograd, torch's AdamW.

Two uniform tensors a batch, Xavier-normal start, the mean over batch and features summed over the runs, as in the authors' public
notebook; and the same loop for the ReLU hidden and the absolute value model.
"""

import torch


class CommonLoop:
    """Models trained side by side; weights are (run, feature, hidden), samples (batch, run, feature).

    Args:
        model: relu-output, relu-hidden or absolute.
        features: Width of the input.
        hidden: Width of the hidden layer.
        runs: Models.
        density: Chance that a feature is active. Active ones are uniform in [0, 1), for the absolute value model in [-1, 1).
    """

    def __init__(self, model, features, hidden, runs, density, batch=1024, lr=1e-3):
        def weights():
            return torch.nn.Parameter(torch.nn.init.xavier_normal_(torch.empty(runs, features, hidden)))

        self.model, self.density, self.shape = model, density, (batch, runs, features)
        self.w = weights()
        self.out = weights() if model == "absolute" else self.w
        self.b = torch.nn.Parameter(torch.zeros(runs, features))
        parameters = [self.w, self.out, self.b] if model == "absolute" else [self.w, self.b]
        self.optimiser = torch.optim.AdamW(parameters, lr=lr)

    def sample(self):
        """A batch."""
        values = torch.rand(self.shape)
        if self.model == "absolute":
            values = 2 * values - 1
        return torch.where(torch.rand(self.shape) <= self.density, values, torch.zeros(()))

    def loss(self, x):
        """The sum of all runs' mean squared errors on the batch `x`."""
        h = torch.einsum("brf,rfh->brh", x, self.w)
        if self.model != "relu-output":
            h = torch.relu(h)
        out = torch.relu(torch.einsum("brh,rfh->brf", h, self.out) + self.b)
        wanted = x.abs() if self.model == "absolute" else x
        return ((wanted - out) ** 2).mean(dim=(0, 2)).sum()

    def advance(self, steps):
        """Updates all models `steps` times."""
        for _ in range(steps):
            self.optimiser.zero_grad(set_to_none=True)
            self.loss(self.sample()).backward()
            self.optimiser.step()
