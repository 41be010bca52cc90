"""Modes that watch torch operation by operation."""

import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

OURS = ("sup.sampling", "sup.training.torch_objective", "sup.training.torch_update")


def tensors(*values):
    """The tensors in nested containers."""
    return [leaf for leaf in tree_leaves(values) if isinstance(leaf, torch.Tensor)]


def places(holder):
    """Each tensor that an object of the engine holds, directly or in its parts: (holder, name, tensor)."""
    for name, value in list((holder if isinstance(holder, dict) else vars(holder)).items()):
        if isinstance(value, torch.Tensor):
            yield holder, name, value
        elif isinstance(value, dict) or type(value).__module__ in OURS:
            yield from places(value)


class Watch(TorchDispatchMode):
    """Calls `saw(operation, args, kwargs, result)` after each operation."""

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        result = operation(*args, **(kwargs or {}))
        self.saw(operation, args, kwargs or {}, result)
        return result


class OnlyOn(Watch):
    """Refuses tensors of another device. Torch itself accepts many: 0-d tensors anywhere, and most operations with `meta`."""

    def __init__(self, device):
        super().__init__()
        self.device = device

    def saw(self, operation, args, kwargs, result):
        for tensor in tensors(args, kwargs, result):
            if tensor.device.type != self.device:
                raise AssertionError(f"{operation} meets a tensor on {tensor.device}, not on {self.device}")


class Operations(Watch):
    """Lists the names of the operations."""

    def __init__(self):
        super().__init__()
        self.names = []

    def saw(self, operation, args, kwargs, result):
        self.names.append(str(operation))


class Peak(Watch):
    """The most bytes that the tensors of the operations took at once."""

    def __init__(self):
        super().__init__()
        self.live, self.bytes = {}, 0

    def saw(self, operation, args, kwargs, result):
        for tensor in tensors(args, kwargs, result):
            storage = tensor.untyped_storage()
            self.live[storage._cdata] = (StorageWeakRef(storage), storage.nbytes())
        self.live = {key: pair for key, pair in self.live.items() if not pair[0].expired()}
        self.bytes = max(self.bytes, sum(size for _, size in self.live.values()))


class Recording(Watch):
    """Keeps the operations with their tensors, and repeats them on the same tensors: a CUDA graph on the CPU."""

    def __init__(self):
        super().__init__()
        self.done = []

    def saw(self, operation, args, kwargs, result):
        self.done.append((operation, args, kwargs, result))

    @torch.no_grad()
    def replay(self):
        for operation, args, kwargs, result in self.done:
            again = operation(*args, **kwargs)
            for old, new in zip(tensors(result), tensors(again), strict=True):
                if old.untyped_storage()._cdata != new.untyped_storage()._cdata:  # neither a view nor in place
                    old.copy_(new)


class FakeGraphs:
    """Records and replays on the CPU. A recording takes no step, so the state of the step's object is restored after it."""

    def __init__(self):
        self.warm, self.recordings, self.replays = 0, 0, 0

    def warm_up(self, step):
        self.warm += 1
        step()

    def record(self, step):
        self.recordings += 1
        state = [tensor for _, _, tensor in places(step.__self__)]
        before = [tensor.clone() for tensor in state]
        with Recording() as recording:
            step()
        for tensor, old in zip(state, before, strict=True):
            tensor.copy_(old)

        def replay():
            self.replays += 1
            recording.replay()

        return replay
