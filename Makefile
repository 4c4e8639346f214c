# Everything a contributor types. Each target does its own set-up.

PYTHON ?= python3.11
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
PYTEST_FLAGS ?=
# where it is set, each worker compiles all tests anew
unexport PYTHONDONTWRITEBYTECODE
# each worker begins with its share of the files in a row, so that what a file's tests share is mostly made once
SHARED_OUT := -n auto --maxprocesses 4 --dist worksteal

.DEFAULT_GOAL := help

help:  ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(READY)  ## make .venv with the pinned versions

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[dev]"
	touch $@

demo: $(READY)  ## run the job against a simulated Imgur: no account, no internet
	$(BIN)/python pipelines/sync.py --demo

report: $(READY)  ## make the engagement report of data/imgur.duckdb, or else of the demo's file
	$(BIN)/python pipelines/report.py

test: $(READY)  ## run the tests, all but the slow ones and those that need a browser
	$(BIN)/python -m pytest -m "not slow and not browser" $(SHARED_OUT) $(PYTEST_FLAGS)

test-slow: $(READY)  ## run the kill tests and other long ones
	$(BIN)/python -m pytest -m "slow and not browser" $(SHARED_OUT) $(PYTEST_FLAGS)

test-browser: $(READY)  ## look at the report in Chromium, which has to be installed
	$(BIN)/python -m pytest -m browser

check: $(READY)  ## lint, format and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(READY)  ## rewrite the code in the project's format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: $(READY)  ## write docs/data-dictionary.md anew from tables.py and sql/
	$(BIN)/python pipelines/data_dictionary.py

bench: $(READY)  ## measure the load path, the credits of nights and the ledger (see benchmarks/README.md)
	$(BIN)/python benchmarks/load_images.py
	$(BIN)/python benchmarks/credits.py
	$(BIN)/python benchmarks/dlt_incremental.py
	$(BIN)/python benchmarks/ledger.py

.PHONY: help setup demo report test test-slow test-browser check format docs bench
