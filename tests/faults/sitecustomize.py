"""Python loads this module first, where its folder is on PYTHONPATH: it ends a process of a build at a chosen change of a folder.

All processes count their changes below FAULT_UNDER together, in the file FAULT_COUNT: files opened to write, renamed, made,
removed. The one that makes change number FAULT_AT is killed just before it, with its whole group if FAULT_HOW is group.
"""

import os
import signal
import sys

CHANGES = {
    "open",
    "os.rename",
    "os.remove",
    "os.mkdir",
    "os.rmdir",
    "os.symlink",
    "os.link",
    "os.truncate",
    "os.chmod",
    "shutil.rmtree",
}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def watch(counter, under, at, group):
    """Counts the changes of this process from now on."""
    file = os.open(counter, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def hook(event, arguments):
        if event not in CHANGES or (event == "open" and not (arguments[2] or 0) & WRITES):
            return
        if not str(os.fsdecode(arguments[0]) if isinstance(arguments[0], str | bytes | os.PathLike) else "").startswith(under):
            return
        os.write(file, b".")
        if 0 < at <= os.fstat(file).st_size:
            os.killpg(0, signal.SIGKILL) if group else os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


if "FAULT_COUNT" in os.environ:
    watch(
        os.environ["FAULT_COUNT"],
        os.environ["FAULT_UNDER"],
        int(os.environ.get("FAULT_AT", "0")),
        os.environ.get("FAULT_HOW") == "group",
    )
