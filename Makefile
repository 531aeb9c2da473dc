# Every target sets up what it needs. `make help` lists them.
PYTHON ?= python3
SECONDS ?= 60
VENV := .venv
BIN := $(VENV)/bin
export PYTHONPATH := $(CURDIR)
# Nothing that is set for another project may reach ours.
unexport PYTHONHOME

.DEFAULT_GOAL := help
.PHONY: help setup demo up down test lint unit integration test-pythons taskcat mutants soak fuzz reliability bench lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/ready ## make the environment that the other targets run in

$(VENV)/ready: requirements/dev.txt
	$(PYTHON) -c 'import sys; sys.exit("Python 3.10 or newer is needed; this is " + sys.version) if sys.version_info < (3, 10) else 0'
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

demo: $(VENV)/ready ## deploy on this machine, process shipment updates, show the result
	$(BIN)/python -m scripts.demo

up: $(VENV)/ready ## deploy on this machine and keep it running
	$(BIN)/python -m scripts.local up

down: $(VENV)/ready ## end what `make up` keeps running
	$(BIN)/python -m scripts.local down

# Side by side, each one's output in one piece where make can do that (from version 4 on).
TOGETHER := -j2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)
test: lint ## lint, unit tests, integration tests
	@echo 'Running unit and integration tests side by side; each reports when it has ended.'
	@$(MAKE) --no-print-directory $(TOGETHER) unit integration

lint: $(VENV)/ready ## check code, types and template
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/python -m scripts.lint

unit: $(VENV)/ready ## the handler and the scripts, without network or emulator
	$(BIN)/python -m pytest tests/unit tests/hostile tests/faults

integration: $(VENV)/ready ## the deployed stack, on an emulator of its own
	$(BIN)/python -m pytest tests/integration

test-pythons: ## the handler's unit tests on every CPython 3.10 to 3.14 found
	$(PYTHON) tests/pythons.py

taskcat: $(VENV)/ready $(VENV)-taskcat/ready ## taskcat's tests, on an emulator of its own
	$(BIN)/python -m scripts.taskcat

mutants: $(VENV)/ready ## weaken the template in every way; a test must notice each
	$(BIN)/python -m tests.template_mutants

soak: $(VENV)/ready ## 10,000 updates with faults in the calls; the books must balance
	$(BIN)/python -m tests.soak.soak

fuzz: $(VENV)/ready ## hostile events for SECONDS (60 without it): make fuzz SECONDS=600
	$(BIN)/python -m tests.fuzz.fuzz --seconds $(SECONDS)

reliability: $(VENV)/ready ## try every fault; writes docs/reliability.md
	$(BIN)/python -m tests.faults.report

bench: $(VENV)/ready ## measure the handler's processor time; writes benchmarks/results/
	$(BIN)/python benchmarks/handler.py

$(VENV)-taskcat/ready: requirements/taskcat.txt
	$(PYTHON) -m venv --clear $(VENV)-taskcat
	$(VENV)-taskcat/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/taskcat.txt
	@touch $@

lock: $(VENV)/ready ## write the newest versions and their hashes into requirements/
	$(PYTHON) -m venv --clear $(VENV)-lock && $(VENV)-lock/bin/python -m pip install --quiet uv
	for name in dev taskcat; do $(VENV)-lock/bin/uv pip compile --quiet --upgrade --universal --python-version 3.10 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate requirements/$$name.in -o requirements/$$name.txt; done

clean: ## remove what the other targets made
	rm -rf $(VENV) $(VENV)-* build
