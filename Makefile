# Everything runs in .venv, which `setup` builds from the exact versions in constraints.txt (the same as poetry.lock).

PYTHON ?= python3
PORT ?= 8800
CONFIG ?= secrets/config.json
INTO ?= lake.duckdb
FINANCE ?= finance
OUT ?= focus.parquet
BIN := .venv/bin
# a file's tests stay together, so what they share is made once; files in their order, of which the longest come first
PYTEST := $(BIN)/python -m pytest -q -n auto --dist loadfile --no-loadscope-reorder
STAMP := .venv/.installed

# without compiled files each of the hundreds of processes that tests and demo start would compile what it imports
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup fix lint unit test coverage test-all package-test sync demo focus sandbox bench soak tables requests lock clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(STAMP) ## Build .venv with the source, the sandbox, the demo and the tools

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 10) <= v <= (3, 14) else "Python 3.10 to 3.14 is needed, this is %d.%d; name another one with PYTHON=..." % v)'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing into .venv ..."
	@# 25.1 is the first pip that knows dependency groups; Debian's are older
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable . --group dev
	@touch $@

fix: setup ## Let ruff fix and format what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lint: setup ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

unit: setup ## The unit tests, in less than a minute
	$(BIN)/python -m pytest -q -n auto unit_tests

test: lint ## Setup, lint, all tests but the slow ones and the package test
	$(PYTEST)

coverage: setup ## How much of the source the unit tests cover; fails below the minimum in pyproject.toml
	$(PYTEST) unit_tests --hypothesis-profile thorough --cov --cov-report=term:skip-covered

test-all: lint coverage ## Everything that needs no Docker, also the slow tests, the package test and the coverage
	$(PYTEST) -m 'not image_tests' integration_tests

package-test: setup ## Build the package, install it into a new environment and read the sandbox with it
	$(BIN)/python -m pytest -q -m package

sync: setup pyairbyte ## Read all vendors of CONFIG (secrets/config.json) into INTO (lake.duckdb), build the models, write report.html
	@# not shown: somebody may write a password into INTO, which the command refuses
	@$(BIN)/python -m lake sync --config '$(CONFIG)' --into '$(INTO)' --finance '$(FINANCE)'

demo: setup pyairbyte ## Sync every vendor of the sandbox twice into a DuckDB file and show the result
	@$(BIN)/python -m demo

.PHONY: pyairbyte
pyairbyte: setup
	@$(BIN)/python -c 'import importlib.util as u, sys; sys.exit(0 if u.find_spec("airbyte") else "This reads through PyAirbyte, which needs Python 3.10 to 3.12: make clean, then again with PYTHON=python3.12")'

focus: setup ## Write the models of INTO (lake.duckdb) as FOCUS 1.2 into OUT (focus.parquet) and validate it
	$(BIN)/python -m lake.focus --lake '$(INTO)' --out '$(OUT)'

sandbox: setup ## Serve the simulated vendors on http://localhost:8800, or another PORT
	@$(BIN)/python -m sandbox --port $(PORT)

bench: setup ## Compare speed and memory with other tools; writes benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks

soak: setup ## Read 300 made-up customers of every vendor and compare with the ledgers of the sandbox
	$(BIN)/python -m integration_tests.conservation --seeds 300

requests: setup ## Count the requests of every stream against the sandbox; writes them into docs/unified-usage.md, benchmarks/RESULTS.md
	$(BIN)/python -m scripts.requests_table

tables: setup ## Write the lists of streams and vendors in docs/unified-usage.md, metadata.yaml, README.md, pyproject.toml
	$(BIN)/python -m scripts.tables

lock: setup ## Update poetry.lock and constraints.txt (needs poetry on the PATH)
	poetry lock
	$(BIN)/python scripts/constraints.py

clean: ## Remove what the other targets made
	rm -rf .venv .demo .tmp .cache .coverage build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
