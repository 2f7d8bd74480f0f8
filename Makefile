# A machine with Python 3.11, make and git needs nothing more: every target makes its own .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help rehearse test check bench chaos format lock clean
help:
	@echo "make rehearse   the whole bot on this machine, against a local Slack and a local cloud"
	@echo "make test       the tests; says what it skipped and why"
	@echo "make check      format, lint, types, tests: what CI runs"
	@echo "make bench      the figures in docs/performance.md, each with its peer"
	@echo "make chaos      minutes of kills, freezes and cut connections, and what came of them"

$(READY): requirements.txt pyproject.toml
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

rehearse: $(READY)
	$(BIN)/vpn-bot rehearse

# The tests wait most of the time, so several files run side by side. ARGS: a file, or -k and a word.
WORKERS ?= 3
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

test: $(READY)
	$(PYTEST) $(ARGS)

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
# What fails beside other files may only have waited too long for the processor: it has to pass alone.
	$(PYTEST) || $(BIN)/python -m pytest --last-failed --last-failed-no-failures none

bench: $(READY)
	@test -d $(VENV)-bench || $(PYTHON) -m venv $(VENV)-bench
	$(VENV)-bench/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt -r bench/requirements.txt
	$(VENV)-bench/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(VENV)-bench/bin/python -m bench

chaos: $(READY)
	$(BIN)/python -m pytest -m chaos -s

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Renew the pinned, hashed requirements; they name no host.
LOCK := uv pip compile --quiet --upgrade --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11
lock: $(READY)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/$(LOCK) --all-extras --group dev pyproject.toml --output-file requirements.txt
	$(BIN)/$(LOCK) --constraint requirements.txt bench/requirements.in --output-file bench/requirements.txt

clean:
	rm -rf $(VENV) $(VENV)-bench build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
