PYTHON ?= python3
PY = .venv/bin/python

.PHONY: install demo test test-faults lint clean

install: .venv/installed

.venv/installed: requirements.txt requirements-dev.txt functions/requirements.txt pyproject.toml
	test -d .venv || $(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

# The demo's data, or your own: make demo DATA=directory
demo: install
	$(PY) -m local $(DATA)

lint: install
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

test: lint
	$(PY) -m pytest -m "not exhaustive"

# Every fault in every step, and a table of what came of it
test-faults: install
	$(PY) -m pytest tests/faults

clean:
	rm -rf .venv .cache build cdk.out
