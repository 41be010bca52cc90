"""The fused CPU engine: one compiled loop trains every run by itself, with the same bits on every machine."""

from sup.training.kernel.engine import compile_kernel, train_kernel

__all__ = ["compile_kernel", "train_kernel"]
