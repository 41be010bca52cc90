"""What a process that a build starts does first: it leaves Ctrl-C to the build, and ends when the build ends, in any way."""

import multiprocessing
import os
import signal
import threading
import time

PAUSE = 0.5
"""Seconds between two looks at the parent."""


def follow(parent: int = 0) -> None:
    """Makes this process end soon after its parent, even if that is killed.

    Args:
        parent: Its process id; by default that of the process that started this one through `multiprocessing`.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    started_by = multiprocessing.parent_process()
    watched = parent or (started_by.pid if started_by else None) or os.getppid()
    threading.Thread(target=_end_with, args=(watched,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:  # an orphan gets another parent
        time.sleep(PAUSE)
    os._exit(1)
