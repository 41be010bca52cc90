"""The command line: `python -m report COMMAND`."""

import os
import sys

# One thread of BLAS, settled before NumPy loads it: the matrices of figures are small, so that more threads mostly wait, and sums
# come out the same whatever the number of cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from report import commands, options
from report.errors import Interrupted, PipelineError
from sup.errors import SupError


def main(arguments: list[str] | None = None) -> int:
    """Runs a command and gives the status to exit with; what is wrong is said in one line.

    Returns:
        0 when all is well; 1 when `verify` finds a difference; 2 for an error; 130 after Ctrl-C; 141 when nobody reads on.
    """
    try:
        chosen = options.parse(arguments)
        status = commands.COMMANDS[chosen.command](chosen)
        sys.stdout.flush()
        return status
    except SupError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return problem.status if isinstance(problem, PipelineError) else PipelineError.status
    except BrokenPipeError:  # whoever read the answer has heard enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        print("error: interrupted. Run the same command again to go on.", file=sys.stderr)
        return Interrupted.status


if __name__ == "__main__":
    status = main()
    if status == Interrupted.status:  # a thread in the middle of a shard would keep the process for seconds
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)
