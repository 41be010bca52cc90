"""Adam in NumPy, for models that the engines of `sup.training` do not train.

    m <- beta1 m + (1 - beta1) g,  v <- beta2 v + (1 - beta2) g^2,
    direction = m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon)

with the gradient g of step t = 1, 2, ... Source: Kingma and Ba 2015, "Adam: a method for stochastic optimization".
"""

import numpy as np
from jaxtyping import Float64


class Adam:
    """The running mean and mean square of one array's gradients.

    Example: the first direction is the gradient's sign.
        >>> Adam(np.zeros(2)).direction(np.array([0.5, -3.0])).round(6).tolist()
        [1.0, -1.0]
    """

    def __init__(self, like: np.ndarray, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8) -> None:
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon
        self._mean, self._square = np.zeros(like.shape), np.zeros(like.shape)
        self._step = 0

    def direction(self, gradient: Float64[np.ndarray, "..."]) -> Float64[np.ndarray, "..."]:
        """The direction after the next gradient, in the array's shape; subtract it times the learning rate."""
        self._step += 1
        self._mean = self.beta1 * self._mean + (1 - self.beta1) * gradient
        self._square = self.beta2 * self._square + (1 - self.beta2) * gradient * gradient
        size = np.sqrt(self._square / (1 - self.beta2**self._step)) + self.epsilon
        return self._mean / (1 - self.beta1**self._step) / size
