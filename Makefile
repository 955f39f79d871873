# Everything from a bare clone, with Python 3.11 or newer and make. `make demo`, then `make test`.
PYTHON ?= python3
VENV    := .venv
BIN     := $(VENV)/bin
READY   := $(VENV)/.ready
DEVELOP := $(VENV)/.develop
QUIET   := --quiet --disable-pip-version-check
INSTALL  = $(BIN)/python -m pip install $(QUIET) --require-hashes --no-deps --no-build-isolation --use-pep517
CODE    := src connectors rules tests benchmarks docs/generate.py .ci/supply_chain.py .ci/site_hooks.py

COMPILE  = $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header -q

SECONDS ?= 3600

SITE := NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict

.PHONY: scale site man torture torture-ci help setup develop demo test lint types imports check format lock messages generate bench wheel audit sbom licences installed clean

help:            ## this list
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY)  ## a virtual environment with what a user needs to run arsync, once

develop: $(DEVELOP)  ## the same, and what tests and checks need

# Nothing is resolved here: the locks are complete, so pip takes them as they are (--no-deps) and cannot pull in what
# was published since. Packages published as source only are built with the locked tools, not with the newest.
$(READY): requirements-build.lock requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "arsync needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	@echo "Setting up $(VENV), once."
	@$(PYTHON) -m venv $(VENV)
	@$(INSTALL) --only-binary :all: -r requirements-build.lock
	@$(INSTALL) -r requirements.lock
	@$(BIN)/python -m pip install $(QUIET) --no-deps --no-build-isolation -e .
	@$(BIN)/python -m pip check $(QUIET)
	@touch $@

$(DEVELOP): $(READY) requirements-dev.lock
	@echo "Adding what tests and checks need, once."
	@$(INSTALL) -r requirements-dev.lock
	@$(BIN)/python -m pip check $(QUIET)
	@touch $@

demo: setup      ## the whole job on both platforms, against the local sandbox
	@$(BIN)/arsync demo

test: develop      ## the test suite
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal --durations=5

torture: develop   ## the long run of faults, deaths, clocks and mutations: make torture SECONDS=7200
	@ARSYNC_TORTURE_PROFILE=long ARSYNC_TORTURE_SECONDS=$(SECONDS) ARSYNC_TORTURE_JSON=docs/torture.json \
	  $(BIN)/python -m pytest -q -p no:cacheprovider tests/torture
	@$(BIN)/python docs/generate.py

torture-ci: develop
	@ARSYNC_TORTURE_JSON=docs/torture.json $(BIN)/python -m pytest -q -n 2 --dist worksteal tests/torture
	@$(BIN)/python docs/generate.py

lint: develop      ## style
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/ruff format --check $(CODE)

types: develop     ## mypy strict on everything, tests included
	@$(BIN)/mypy $(CODE)

imports: develop   ## imports point downwards
	@$(BIN)/lint-imports

check: lint types imports test  ## all that must be green

format: develop    ## put the code in order
	@$(BIN)/ruff check --fix --exit-zero -q $(CODE)
	@$(BIN)/ruff format $(CODE)

messages: develop  ## list the desk's texts for translators
	@$(BIN)/python docs/generate.py src/arsync/web/desk/locale/arsync.pot

generate: develop  ## rewrite what is generated: example config, lists of commands and facts, schema
	@$(BIN)/python docs/generate.py

scale: develop     ## a day of 20,000 ledgers in simulated time, and the page about it
	@$(BIN)/python -m benchmarks.scale
	@$(BIN)/python docs/generate.py

bench: develop     ## the benchmarks, as ratios
	@$(BIN)/python -m benchmarks

site: develop      ## the documentation as a site, in build/docs-site
	@$(SITE) --site-dir build/docs-site

man: develop       ## the manual page, as it is installed
	@man -l share/man/man1/arsync.1

lock: develop    ## renew the locks: packages to build, to run and to develop with
	@$(COMPILE) --upgrade --group build -o requirements-build.lock
	@$(COMPILE) pyproject.toml --upgrade --extra postgresql --extra telemetry --extra workers -c requirements-build.lock -o requirements.lock
	@$(COMPILE) pyproject.toml --upgrade --extra postgresql --extra telemetry --extra workers --group dev -c requirements.lock -c requirements-build.lock \
	  -o requirements-dev.lock

installed: develop  ## is exactly what the locks name installed, and nothing else?
	@$(BIN)/python .ci/supply_chain.py installed

wheel: develop     ## build the wheel, and play three days with it and without the source
	@rm -rf dist build
	@$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation -w dist .
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target build/site dist/*.whl
	@cd build && PYTHONPATH=$(CURDIR)/build/site ../$(BIN)/python -c \
	  'import arsync, sys; sys.exit("build/site" not in arsync.__file__)'
	@cd build && PYTHONPATH=$(CURDIR)/build/site ../$(BIN)/python -m arsync demo --days 3 --quiet --folder demo

audit: develop     ## are known vulnerabilities in what is locked? fails only on those, or on a broken lock
	@$(BIN)/python .ci/supply_chain.py audit

sbom: develop      ## the packages a user gets, as CycloneDX JSON: build/sbom.cdx.json
	@$(BIN)/python .ci/supply_chain.py sbom build/sbom.cdx.json

licences: develop  ## the licences of the packages a user gets
	@$(BIN)/python .ci/supply_chain.py licences

clean:           ## remove what make made
	@rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache demo-output
