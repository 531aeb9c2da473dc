# Each target sets up what it needs. `make help` lists them.
PYTHON ?= python3
SECONDS ?= 60
BASE ?= main
VENV := .venv
BIN := $(VENV)/bin
export PYTHONPATH := $(CURDIR):$(CURDIR)/src
# A PYTHONHOME that is set for another project would break this one.
unexport PYTHONHOME

# The integration tests wait a lot: the others get the processors meanwhile.
UNIT := nice $(BIN)/python -m pytest
# As the integration tests: two halves that take equally long.
UNIT_HALVES := '$(UNIT) tests/unit/handler tests/unit/status tests/unit/template tests/campaigns' \
	'$(UNIT) tests/unit $(foreach part,handler status template,--ignore=tests/unit/$(part))'
INTEGRATION := $(BIN)/python -m pytest tests/integration
# Two halves that take equally long, because much of an emulator's time is waiting.
INTEGRATION_HALVES := '$(INTEGRATION) -m own_emulator' '$(INTEGRATION) -m "not own_emulator"'
KEY_HALVES := $(subst tests/integration,tests/integration --data-key,$(INTEGRATION_HALVES))
# $(call handler-tests,LETTERS): lambda/index.py's tests in the files whose names begin so. [a-r] and
# [s-z] take about equally long.
handler-tests = $(BIN)/python -m pytest -q -x $(wildcard tests/unit/handler/test_$(1)*.py)
status-tests = $(BIN)/python -m pytest -q -x $(wildcard tests/unit/status/test_$(1)*.py)
HANDLER_FILES := lambda tests/unit/handler tests/unit/status tests/unit/webhook
HANDLER_LINT := $(BIN)/ruff format --check $(HANDLER_FILES) && $(BIN)/ruff check $(HANDLER_FILES) \
	&& $(BIN)/mypy lambda && $(BIN)/python -m scripts.lint
TASKCAT_REGIONS := us-east-1 eu-west-1
# scripts/audit/__init__.py says how to add one.
AUDIT_TOOLS := checkov cdk
SIDE_BY_SIDE := @$(BIN)/python tests/side_by_side.py

# No package's code runs while it is installed. Only yattag has no wheel.
WHEELS := --only-binary :all: --no-binary yattag
PIP_INSTALL := bin/python -m pip install --quiet --disable-pip-version-check --require-hashes
# $(call set-up,FOLDER,FILE): make a virtual environment with the packages that FILE lists. First
# come pip and what builds yattag: a build in isolation would fetch tools of any version.
define set-up
@$(PYTHON) -c 'import sys; sys.exit("Python 3.10 or newer is needed; this is " + sys.version) if sys.version_info < (3, 10) else 0'
@echo 'Installing the packages of $(2) into $(1). This takes about a minute, and pip prints nothing meanwhile.'
@start=$$(date +%s); $(PYTHON) -m venv --clear $(1) \
	&& $(1)/$(PIP_INSTALL) --only-binary :all: -r requirements/install.txt \
	&& $(1)/$(PIP_INSTALL) $(WHEELS) --no-build-isolation -r $(2) \
	&& touch $@ && set -- $(1)/lib/python*/site-packages/*.dist-info \
	&& echo "Installed $$# packages in $$(($$(date +%s) - start)) s. They are used until $(2) changes."
endef

.DEFAULT_GOAL := help
.PHONY: help demo up down handler test lint unit integration integration-key changes taskcat taskcat-aws publishing test-pythons bench load mutants soak fuzz worlds reliability audit audit-templates audit-workflows release setup lock clean

### Start here
demo: $(VENV)/ready ## deploy on this machine, process shipment updates, show and fix the results
	@$(BIN)/python -m scripts.demo

test: lint ## check everything after a change, in minutes
	$(SIDE_BY_SIDE) $(UNIT_HALVES) $(INTEGRATION_HALVES)

up: $(VENV)/ready ## deploy on this machine, keep it running, and print commands to try
	@$(BIN)/python -m scripts.local up

down: $(VENV)/ready ## stop what `make up` started
	@$(BIN)/python -m scripts.local down

### Parts of `make test`, for work on one of them
handler: $(VENV)/ready ## check lambda/ in 20 s: embedding, lint, its unit tests
	@$(BIN)/python -m scripts.embed --check
	$(SIDE_BY_SIDE) '$(HANDLER_LINT)' '$(call handler-tests,[a-r])' '$(call handler-tests,[s-z])' \
		'$(call status-tests,[a-g])' '$(call status-tests,[h-z])' \
		'$(BIN)/python -m pytest -q -x tests/unit/webhook'

lint: $(VENV)/ready ## check template, code and types
	@$(BIN)/python -m scripts.lint
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy

unit: $(VENV)/ready ## run the tests that need neither network nor emulator
	$(SIDE_BY_SIDE) $(UNIT_HALVES)

integration: $(VENV)/ready ## run the tests of the deployed stack, on emulators
	$(SIDE_BY_SIDE) $(INTEGRATION_HALVES)

integration-key: $(VENV)/ready ## the same with stacks whose data a customer's key encrypts
	$(SIDE_BY_SIDE) $(KEY_HALVES)

# By the environment, which the shell does not read as code.
changes: export CHANGES_BASE = $(BASE)
changes: $(VENV)/ready ## print what an update of a stack would change since BASE (default: main)
	@$(BIN)/python -m tests.releases.change_set "$$CHANGES_BASE"

### Campaigns, minutes each
taskcat: $(VENV)/ready $(VENV)-taskcat/ready ## run taskcat's tests on an emulator
	$(BIN)/python -m scripts.taskcat

taskcat-aws: $(VENV)-taskcat/ready ## run taskcat's tests on AWS: make taskcat-aws REGION=eu-west-1
	set -f; for region in $${REGION:-$(TASKCAT_REGIONS)}; do \
	$(VENV)-taskcat/bin/python -I -W ignore scripts/taskcat_hold.py . "$$region" < /dev/null || exit; done

publishing: $(VENV)/ready $(VENV)-node/ready ## run the examples of docs/publishing.md; needs Node.js
	$(INTEGRATION)/test_publishing.py

test-pythons: ## run the handlers' unit tests on every CPython 3.10 to 3.14 found
	$(PYTHON) tests/campaigns/pythons.py

bench: $(VENV)/ready $(VENV)-bench/ready ## measure the handler beside others; writes docs/benchmarks.md
	@$(BIN)/python -m benchmarks.bench

load: $(VENV)/ready ## measure growth up to a million updates, and load; writes docs/load.md
	$(BIN)/python -m benchmarks.growth
	$(BIN)/python -m benchmarks.load
	$(BIN)/python -m benchmarks.load_page

mutants: $(VENV)/ready ## change templates and handlers in every way; a test must notice each
	$(BIN)/python -m tests.campaigns.mutants

soak: $(VENV)/ready ## send 10,000 updates while calls fail; the books must balance
	$(BIN)/python -m tests.campaigns.soak.soak
	$(BIN)/python -m tests.campaigns.soak.status

# By the environment, which the shell does not read as code. Bash counts in a SECONDS of its own.
fuzz: export FUZZ_SECONDS = $(SECONDS)
fuzz: $(VENV)/ready ## send hostile events for SECONDS (default 60): make fuzz SECONDS=600
	$(BIN)/python -m tests.campaigns.fuzz.fuzz --seconds "$$FUZZ_SECONDS"

worlds: $(VENV)/ready ## run the handler in every order of a few deliveries; writes docs/reliability.md
	$(BIN)/python -m tests.campaigns.worlds

reliability: $(VENV)/ready ## try every fault; writes docs/reliability.md
	$(BIN)/python -m tests.campaigns.faults.report

audit: audit-templates audit-workflows ## check with security tools, 1 GB; not in make test, needs Node.js

audit-templates: $(VENV)/ready $(AUDIT_TOOLS:%=$(VENV)-audit-%/ready) ## check the templates only
	@$(BIN)/python -m scripts.audit $(AUDIT_TOOLS)

audit-workflows: $(VENV)-audit-workflows/ready ## look for weak spots in .github/workflows, offline
	$(VENV)-audit-workflows/bin/zizmor --offline --no-progress --quiet --persona auditor .github
	$(VENV)-audit-workflows/bin/actionlint -shellcheck= -pyflakes= .github/workflows/*.yml

### A release
release: $(VENV)/ready ## build templates, package, checksums and notes: make release VERSION=1.0.0
	@$(BIN)/python -m scripts.release "$$VERSION"

### The environment
setup: $(VENV)/ready ## make the environment that the other targets run in

# First dev.in, because bench.in takes its boto3.
lock: $(VENV)-lock/ready ## write the newest versions and their hashes into requirements/
	for file in requirements/dev.in requirements/[!d]*.in; do $(VENV)-lock/bin/uv pip compile --quiet --upgrade --universal \
	--python-version 3.10 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate \
	$(WHEELS) --build-constraints requirements/install.txt --require-build-hashes \
	"$$file" -o "$${file%in}txt" || exit; done

clean: ## remove what the other targets made
	rm -rf $(VENV) $(VENV)-* build

help: ## list the targets
	@awk -F ':.*## ' '/^### / { printf "\n%s\n", substr($$0, 5) } /^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# $(VENV) for dev.txt, $(VENV)-taskcat for taskcat.txt, and so on.
$(VENV)/ready: requirements/dev.txt requirements/install.txt
	$(call set-up,$(VENV),$<)

$(VENV)-%/ready: requirements/%.txt requirements/install.txt
	$(call set-up,$(VENV)-$*,$<)

# By the hashes of the lock file, and no package's code runs. For newer versions, in that folder:
# npm install --package-lock-only --omit-lockfile-registry-resolved @aws-sdk/client-eventbridge@latest
$(VENV)-node/ready: requirements/node/package-lock.json
	@rm -rf $(VENV)-node && mkdir $(VENV)-node && cp requirements/node/*.json $(VENV)-node
	cd $(VENV)-node && npm ci --ignore-scripts --no-audit --no-fund && touch ready
