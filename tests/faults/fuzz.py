"""Lets atheris look for inputs that a check of `inputs.py` does not pass: `python -m tests.faults.fuzz CHECK SECONDS FOLDER`.

It starts from what `corpus/` keeps and writes to FOLDER the inputs that reach new code. The status is not 0 if it finds a fault,
which it prints; the input is in FOLDER then, as `crash-...`, `timeout-...` or `oom-...`.
"""

import sys
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"


def main(name, seconds, folder):
    """Looks for so many seconds."""
    import atheris

    with atheris.instrument_imports(include=["report", "sup"]):
        from tests.faults import inputs

    options = [f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=4096", "-max_len=8192", f"-artifact_prefix={folder}/"]
    atheris.Setup([name, *options, folder, str(CORPUS / name)], inputs.CHECKS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
