"""The pipeline: plans which runs are missing, trains them, stores the results, draws, judges and publishes."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The checkout, which holds `report.yml`, `artifacts.lock`, the packages and, unless told otherwise, the store."""
