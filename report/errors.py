"""What can go wrong in the pipeline: each error is one clear line, and the command line exits with its status."""

import errno
from pathlib import Path

from sup.errors import SupError


class PipelineError(SupError):
    """A build that cannot go on, with what to do about it."""

    status = 2


class StoreError(PipelineError):
    """A store, or another folder that a build writes to, that cannot be written."""


class Interrupted(PipelineError):
    """The user pressed Ctrl-C; what was finished is kept."""

    status = 130


_MEANINGS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the quota is used up",
    errno.EFBIG: "a file may not grow that large here",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "writing there is not allowed",
    errno.EPERM: "writing there is not allowed",
    errno.ENOTDIR: "a file is in the place of a folder",
    errno.EEXIST: "a file is in the place of a folder",
}
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def cannot_write(path: Path, problem: OSError, variable: str = "STORE") -> StoreError:
    """The error for a write to `path` that failed with `problem`; `variable` names what moves the folder elsewhere."""
    meaning = _MEANINGS.get(problem.errno or 0, problem.strerror or str(problem))
    first = "Free some space or pass" if problem.errno in _FULL else "Make it writable or pass"
    return StoreError(
        f"cannot write {path}: {meaning}. What was finished is kept. {first} {variable}=another folder, and run again."
    )


def cannot_read(path: Path, problem: OSError) -> StoreError:
    """The error for a read of `path`, in the store, that failed with `problem`."""
    meaning = _MEANINGS.get(problem.errno or 0, problem.strerror or str(problem)).replace("writing", "reading")
    return StoreError(f"cannot read {path}: {meaning}. Mend it, or pass STORE=another folder.")
