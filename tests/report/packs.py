"""Helpers of the tests of packed stores: two figures to train and pack, and a web server that offers the pack."""

import functools
import http.server
import threading

from report import loading, lock
from report.pack import pack
from tests.report.workbench import runs, shop

LONG = 480_000
"""Steps of a run, such that two runs make a shard."""

HERE = "127.0.0.1"


def workers(folder, trainer=None, **changes):
    """The workshop of two figures, five shards each; `other` has seeds of its own."""
    made = shop(folder, trainer, **{"steps": LONG, "seeds": 5, "names": ("tiny", "other"), **changes})
    tiny = made.module("tiny")
    other = type(tiny)(**{**vars(tiny), "needs": lambda size: {"models": runs(size.seeds, steps=size.steps, first=100)}})
    made.module = lambda name: {"tiny": tiny, "other": other}[name]
    made.workers = 1  # draws in this process, since the figures cannot be sent to another
    return made


def train_and_pack(folder):
    """Trains both figures in the folder `trained`, packs them into `packed`, and returns the lines of a lock that lists them."""
    made = workers(folder / "trained")
    sweeps = [loading.record(made.store, made.timings, sweep) for figure in made.train() for sweep in figure.sweeps]
    lines = lock.lines_of("smoke", sweeps)
    pack(workers(folder / "trained"), folder / "packed", lines)
    return lines


def shard_files(folder):
    return sorted((folder / "shards").iterdir())


class Site:
    """A web server on loopback, for files alone, like `python -m http.server`; `answers` may handle a request in another way."""

    def __init__(self, folder):
        self.asked, self.answers = [], lambda handler, name: False
        site = self

        class Handler(http.server.SimpleHTTPRequestHandler):
            def do_GET(self):
                name = self.path.lstrip("/")
                site.asked.append(name)
                if not site.answers(self, name):
                    super().do_GET()

            def list_directory(self, path):
                self.send_error(403)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer((HERE, 0), functools.partial(Handler, directory=str(folder)))
        self.address = f"http://{HERE}:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def shards(self):
        return [name for name in self.asked if name.startswith("shards/")]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
