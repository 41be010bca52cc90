"""The pipeline: plans which runs are missing, trains them, stores the results, draws, judges and publishes.

Its modules in reading order, from the command line down; each imports only those below it.

    __main__              the command line, and the status to exit with
    commands              what each command does and prints
    cleaning              removing what a build made, and artifacts that no figure needs
    verify                retraining and comparing; writing the lock
    build                 the pages and the site, from the records of a build
    words                 plans, numbers and verdicts as text and JSON
    archive               everything that was made in one file, for a repository
    crate                 the metadata of such a file
    checkout              the files of the commit that is checked out
    pack                  copying trained models into a folder that others can fetch from
    expected              the expected numbers and verdicts
    handout               notebooks with their output, and the package, kept in the store
    workshop              plans, trains, draws, and gives the records
    options               the options of the command line
    cluster               training on the workers of a cluster
    execute               training what is missing, side by side
    fetch                 fetching what is missing from a packed store
    lock                  artifacts.lock, read, written and compared
    loading               trained sweeps, read from the store
    gallery               drawn figures in the store
    draw                  the files of a figure, from trained runs
    plan                  what must be trained, and why
    profiles              report.yml: how much a profile trains
    progress              progress of training, on a terminal and elsewhere
    reasons               why anything runs, as data
    store/remote          a store at an address, read from afar
    store/artifacts       the store: written whole, verified when read
    store/index           a line for each stored shard
    store/shard_file      the bytes of a shard
    store/timings         seconds that artifacts took, and what that predicts
    store/shards          the parts that a sweep is cut into, a file each
    engines               the engines that train, and what identifies them in keys
    gpus                  the machine's GPUs: whether they can train, and the proof of their bits
    compiling             kernels compiled on all cores
    code                  digests of code
    pages/render          templates filled in
    pages/markup          functions that a template can call
    pages/cells           a phase diagram in few characters
    pages/tables          arrays and runs as CSV
    pages/numbers         how numbers are printed
    pages/citations       the bibliography
    pages/site            the site, built from the pages
    pages/formulas        formulas as HTML
    pages/scripts         scripts made short
    pages/docstrings      examples in the library's docstrings
    pages/search          the index of the search
    pages/weight          what a page weighs, as a table
    pages/policy          the policy that lets nothing else in
    pages/links           the links of built pages
    pages/speed           what `make bench` measured
    pages/gpu             what `make gpu-check` found
    pages/soak            what `make soak` has done
    pages/notebooks       notebooks from scripts
    play                  running a notebook, in a process of its own
    records               the data that pages are written from
    again                 runs that a page offers to train again
    settings              the settings of a figure's models, in words
    findings              a figure's numbers and verdicts, as records and as JSON
    notebook              notebooks as data
    wheel                 the package as a wheel, and archives
    log                   what builds say and do, for the user and in a file of the store
    files                 files written whole or not at all
    children              processes that a build starts, which end when it ends
    errors                what can go wrong, in one line each
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The checkout, which holds `report.yml`, `artifacts.lock`, the packages and, by default, the store."""
