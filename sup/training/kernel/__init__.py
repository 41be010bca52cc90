"""The fused CPU engine: every run trained alone by one compiled loop, the same bits on every machine."""

from sup.training.kernel.engine import compile_kernel, train_kernel

__all__ = ["compile_kernel", "train_kernel"]
