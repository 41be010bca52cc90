"""`gpu.json`: what `make gpu-check` found on a machine with a GPU, for the Reproducibility page."""

from pathlib import Path

from report import ROOT, files
from report.errors import PipelineError
from report.records import GpuReport

PATH = ROOT / "gpu.json"


def read(path: Path = PATH) -> GpuReport | None:
    """The report; None when there is none.

    Raises:
        PipelineError: if the file is no such report.
    """
    if not path.exists():
        return None
    try:
        content = files.parsed(path.read_bytes())
        report = GpuReport(about=dict(content["about"]), steps={str(name): dict(step) for name, step in content["steps"].items()})
        complete = all({"outcome", "seconds"} <= step.keys() for step in report.steps.values())
        if complete and {"cards", "date"} <= report.about.keys():
            return report
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    raise PipelineError(f"{path.name} is no report of `make gpu-check`. Copy gpu-check/report.json to it, or remove it.")
