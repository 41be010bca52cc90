"""Parallel compilation: every kernel is ready, each is compiled once, and a warm cache starts no process."""

import multiprocessing
import os
from contextlib import contextmanager

import pytest

from report import compiling
from report.compiling import compile_all
from sup.features import Independent
from sup.specs import Run
from sup.sweeps import shape_of
from tests.report.slow_compiler import compile_kernel

SHAPES = [shape_of(Run(model="linear", n_features=n, n_hidden=1, distribution=Independent(density=1.0))) for n in range(1, 13)]


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(compiling, "COLD", 0.2)
    monkeypatch.setenv("SLOW_COMPILER", str(tmp_path))
    return lambda: {path.name: int(path.read_text()) for path in tmp_path.iterdir()}


def test_all_workers_compile_kernels_and_each_kernel_is_compiled_once(cache):
    shapes = []

    @contextmanager
    def around(shape):
        shapes.append(shape)
        yield

    compile_all(compile_kernel, SHAPES, 2, around)
    by = cache()
    assert set(by) == {str(shape.n_features) for shape in SHAPES}
    assert len(set(by.values())) == 2 and os.getpid() in by.values()
    assert set(shapes) == set(SHAPES) and not multiprocessing.active_children()


def test_one_worker_and_a_warm_cache_start_no_process(cache, monkeypatch):
    monkeypatch.setattr(compiling, "get_context", lambda kind: pytest.fail("a process was started"))
    compile_all(compile_kernel, SHAPES[:3], 1)
    compile_all(compile_kernel, SHAPES[:3], 8)
    compile_all(compile_kernel, SHAPES[3:5], 8)  # only one is left after the first, which is slow
    assert set(cache().values()) == {os.getpid()}


@pytest.mark.parametrize("others", ["SIGKILL", "SIGSTOP"])
def test_kernels_that_a_lost_or_stopped_process_leaves_are_compiled_here(cache, monkeypatch, others):
    monkeypatch.setattr(compiling, "PATIENCE", 1.0)
    monkeypatch.setenv("OTHERS", others)
    monkeypatch.setenv("ONLY_PROCESS", str(os.getpid()))
    compile_all(compile_kernel, SHAPES, 2)
    assert cache() == {str(shape.n_features): os.getpid() for shape in SHAPES} and not multiprocessing.active_children()


def test_an_interruption_ends_the_other_processes(cache):
    shapes = []

    @contextmanager
    def around(shape):
        shapes.append(shape)
        if len(shapes) == 3:
            raise KeyboardInterrupt
        yield

    with pytest.raises(KeyboardInterrupt):
        compile_all(compile_kernel, SHAPES, 3, around)
    for child in multiprocessing.active_children():
        child.join(10)
    assert not multiprocessing.active_children() and len(cache()) < len(SHAPES)
