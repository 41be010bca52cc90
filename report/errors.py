"""The errors of the pipeline: the message of each is one line, and the command line exits with its status."""

import errno
from collections.abc import Sequence
from pathlib import Path

from sup.errors import SupError


class PipelineError(SupError):
    """A build cannot continue; the message says what to do."""

    status = 2


class StoreError(PipelineError):
    """The store, or another folder that a build uses, cannot be read or written."""


class GpuError(PipelineError):
    """A GPU cannot train."""


class TaskError(PipelineError):
    """A part of the training failed, for a reason that others do not share."""


class Interrupted(PipelineError):
    """The user pressed Ctrl-C; finished work is kept."""

    status = 130


_MEANINGS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the quota is used up",
    errno.EFBIG: "a file cannot grow that large here",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "writing there is not allowed",
    errno.EPERM: "writing there is not allowed",
    errno.ENOTDIR: "a file is in the place of a folder",
    errno.EEXIST: "a file is in the place of a folder",
}
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_SHOWN = 3


def meaning(problem: OSError) -> str:
    """What went wrong with a file, in words."""
    return _MEANINGS.get(problem.errno or 0, problem.strerror or str(problem))


def cannot_write(path: Path, problem: OSError, variable: str = "STORE", kind: str = "folder") -> str:
    """The message when writing `path` failed with `problem`; the option `variable` names another place of that kind."""
    first = "Free some space or pass" if problem.errno in _FULL else "Make it writable or pass"
    return f"cannot write {path}: {meaning(problem)}. Finished work is kept. {first} {variable}=another {kind}, and run again."


def cannot_read(path: Path, problem: OSError) -> str:
    """The message when reading `path`, in the store, failed with `problem`."""
    return f"cannot read {path}: {meaning(problem).replace('writing', 'reading')}. Fix it, or pass STORE=another folder."


def first_of(names: Sequence[str]) -> str:
    """The first few of many names, and how many more there are."""
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
