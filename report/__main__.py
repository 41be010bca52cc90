"""The command line: `python -m report COMMAND`."""

import os
import sys

# BLAS gets one thread, set before NumPy loads it: figures' matrices are small, so more threads would mostly wait, and sums must
# not depend on the number of cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from report import commands, log, options
from report.errors import Interrupted, PipelineError
from sup.errors import SupError


def main(arguments: list[str] | None = None) -> int:
    """Runs a command and returns the exit status; an error is printed as one line.

    Returns:
        0 on success; 1 when `verify` finds a difference; 2 for an error; 130 after Ctrl-C; 141 after a broken pipe.
    """
    try:
        settings = options.parse(arguments)
        status = commands.COMMANDS[settings.command](settings)
        sys.stdout.flush()
        return status
    except SupError as problem:
        log.trouble(problem)
        print(f"error: {problem}", file=sys.stderr)
        return problem.status if isinstance(problem, PipelineError) else PipelineError.status
    except BrokenPipeError:  # the reader of standard output, such as `head`, has closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        print("error: interrupted. Run the same command again to go on.", file=sys.stderr)
        return Interrupted.status
    except Exception as problem:
        log.trouble(problem)
        raise


if __name__ == "__main__":
    status = main()
    if status == Interrupted.status:  # a thread in the middle of a shard would keep the process alive for seconds
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)
