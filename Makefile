# Two commands: `make report` builds the paper, `make test` checks the code. `make help` lists the rest.
MAKEFLAGS += --no-print-directory --no-builtin-rules
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help report test plan verify lock pack archive serve bench gpu-check reproduce soak notebooks clean setup relock audit

VENV := .venv
PYTHON := $(VENV)/bin/python
READY := $(VENV)/.ready
# Only files whose SHA-256 a lock lists, and no setup code. A lock is complete, so pip looks for nothing else.
INSTALL := -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all:
TOOLS := .venv-tools

help: ## this list
	@printf 'make TARGET [VARIABLE=value ...]\n\n'
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1|\2/p' Makefile | awk -F'|' '{printf "%-12s %s\n", $$1, $$2}'
	@printf '\n'
	@sed -n 's/^#: \([A-Z]*\) *\(.*\)/  \1|\2/p' Makefile | awk -F'|' '{printf "%-12s %s\n", $$1, $$2}'

# make hands these to the pipeline through the environment; `python -m report COMMAND --help` says more.
#: PROFILE  how much is trained: smoke (a minute), laptop (minutes; the default), paper (an hour; the default with a GPU)
#: DEVICE   cpu or cuda; by default the GPU where there is one
#: ENGINE   kernel, or torch to compare with (kernel)
#: STORE    folder of trained models (.artifacts)
#: OUT      folder of the site (site)
#: ONLY     one figure, such as intro
#: WORKERS  threads for training, and processes for testing (all cores)
#: CLUSTER  address of a Dask scheduler to train on
#: FETCH    address of a packed store (a folder, https://, s3://): its models are fetched and checked instead of trained
#: PACK     folder for `make pack`
#: ARCHIVE  zip file for `make archive` (archive.zip)

report: $(READY) ## train what is missing, draw, and build the site
	@$(PYTHON) -m report build

test: $(READY) ## linter, formatter, spelling, types and all tests but the long ones
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/codespell
	$(VENV)/bin/mypy
	$(PYTHON) -m pytest -n $(or $(WORKERS),auto) --dist worksteal

plan: $(READY) ## what `make report` would train and draw, and why
	@$(PYTHON) -m report plan

verify: $(READY) ## retrain what artifacts.lock lists and compare, bit for bit
	@$(PYTHON) -m report verify

lock: $(READY) ## rewrite artifacts.lock and the expected numbers and verdicts, and say what changed
	@$(PYTHON) -m report lock

pack: $(READY) ## copy the trained models into the folder PACK, which any static server can offer to builds with FETCH
	@$(PYTHON) -m report pack

archive: $(READY) ## write code, models, figures, claims and site into the zip file ARCHIVE, for a repository with DOIs
	@$(PYTHON) -m report archive

serve: report ## build the site and serve it on this machine, at port 8000
	@$(PYTHON) -m http.server --bind 127.0.0.1 --directory "$(or $(OUT),site)" 8000

bench: $(READY) ## time the kernel beside the loop that others use, and JAX, into speed.json; ONLY=5x2 for one shape
	@$(PYTHON) -c "import jax" 2>/dev/null || { echo "Installing JAX, which is timed too, into $(VENV) ..."; \
	$(PYTHON) $(INSTALL) -r tests/benchmarks/jax.lock || true; }
	@$(PYTHON) -m tests.benchmarks $(ONLY)

gpu-check: $(READY) ## on a machine with a GPU: everything that wants one, and a report; STEPS="self-check benchmark" for some
	@$(PYTHON) -m tests.gpu_check $(STEPS)

reproduce: $(READY) ## build from two clean clones in unlike surroundings and compare their bytes; the smoke profile by default
	@$(PYTHON) -m tests.reproduce $(PROFILE)

soak: $(READY) ## tests that take hours, such as builds killed again and again; counts go to soak.json; PART=tests/faults for some
	@$(PYTHON) -c "import atheris" 2>/dev/null || $(PYTHON) $(INSTALL) -r tests/faults/atheris.lock || true
	SOAK_REPORT=soak.json $(PYTHON) -m pytest -m soak -o faulthandler_timeout=7200 $(PART)

notebooks: $(READY) ## notebooks/*.ipynb from templates/notebooks/*.py
	@$(PYTHON) -m report.pages.notebooks

clean: $(READY) ## remove what a build makes; the trained models stay
	@$(PYTHON) -m report clean

setup: $(READY) ## only make .venv and install everything at the versions of requirements.lock

relock: $(TOOLS)/.ready ## rewrite the locks of libraries for pyproject.toml; UPGRADE="numpy ruff" or UPGRADE=all moves versions
	$(TOOLS)/bin/python .ci/relock.py $(UPGRADE)

audit: $(READY) $(TOOLS)/.ready ## ask for known vulnerabilities of the locked libraries, and check the licences of the installed ones
	@$(TOOLS)/bin/python .ci/audit.py

# The script runs through `sh`, since unpacking may take the right to run away from a file.
$(READY): requirements.lock requirements-cpu.lock requirements-gpu.lock pyproject.toml
	@test -x $(VENV)/bin/pip || sh .ci/python -m venv $(VENV)
	@echo "Installing the libraries of requirements.lock into $(VENV) ..."
	@$(PYTHON) $(INSTALL) -r requirements-cpu.lock 2>/dev/null || true # most indexes lack this build: then it is PyPI's
	@$(PYTHON) $(INSTALL) -r requirements.lock
	@torch=$$($(PYTHON) .ci/for_gpus.py) || exit 1; [ "$$torch" = cpu ] || { echo "Installing what this build of torch needs for GPUs ..."; \
	$(PYTHON) $(INSTALL) -r requirements-gpu.lock; }
	@PYTHONWARNINGS=ignore $(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@found=$$($(PYTHON) -m pip check) || echo "pip finds in $(VENV): $$found"
	@touch $@

$(TOOLS)/.ready: .ci/tools.lock
	@test -x $(TOOLS)/bin/pip || sh .ci/python -m venv $(TOOLS)
	@echo "Installing the tools of .ci/tools.lock into $(TOOLS) ..."
	@$(TOOLS)/bin/python $(INSTALL) -r .ci/tools.lock
	@touch $@
