"""The pipeline: plans which runs are missing, trains them, stores the results, draws, judges and publishes.

Its modules in reading order, from the command line down; each imports only those below it.

    __main__              the command line, and the status to exit with
    commands              what each command does and prints
    cleaning              removing what a build made, and artifacts that no figure needs
    verify                training again and comparing; writing the lock
    build                 from the records of a build to the site
    words                 plans, numbers and verdicts as text and JSON
    expected              the numbers and verdicts that are expected
    lock                  artifacts.lock, read, written and compared
    workshop              plans, trains, draws, and gives the records
    options               the options of the command line
    cluster               training on the workers of a cluster
    execute               training what is missing, side by side
    loading               trained sweeps out of the store
    gallery               drawn figures in the store
    draw                  from trained runs to the files of a figure
    plan                  what must be trained, and why
    profiles              report.yml: how much a profile trains
    progress              progress of training, on a terminal and elsewhere
    reasons               why anything runs, as data
    store/artifacts       the store: written whole, verified when read
    store/index           a line for each stored shard
    store/shard_file      the bytes of a shard
    store/shards          the files that a sweep is cut into
    store/timings         seconds that artifacts took
    engines               what trains, and the key of its results
    compiling             kernels compiled on all cores
    code                  digests of code
    pages/render          templates filled in
    pages/markup          what a template may call
    pages/tables          arrays and runs as CSV
    pages/numbers         how numbers are printed
    pages/citations       the bibliography
    pages/site            from pages to the site
    pages/links           the links of built pages
    pages/speed           what `make bench` measured
    pages/notebooks       notebooks from scripts
    records               what a build knows when it writes the pages
    findings              a figure's numbers and verdicts, as records and as JSON
    files                 files written whole or not at all
    errors                what can go wrong, in one line each
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The checkout, which holds `report.yml`, `artifacts.lock`, the packages and, unless told otherwise, the store."""
