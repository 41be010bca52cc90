"""Without JAX, pytest does not look for examples in the module that needs it."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("jax") else ["jax_loop.py"]
