PYTHON ?= python3
PY = .venv/bin/python

.PHONY: install demo test test-faults bench lint clean

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

# Side by side with what one would use instead: make bench QUICK=1, make bench DATA=directory
bench: .cache/bench-venv/installed
	DATA=$(abspath $(DATA)) PYTHONPATH=layers/core/python TOKENIZERS_PARALLELISM=true \
		.cache/bench-venv/bin/python -m benchmarks $(if $(QUICK),--quick)

.cache/bench-venv/installed: benchmarks/requirements.txt functions/requirements.txt
	test -d .cache/bench-venv || $(PYTHON) -m venv .cache/bench-venv
	.cache/bench-venv/bin/python -m pip install --quiet --disable-pip-version-check \
		-r benchmarks/requirements.txt
	touch $@

clean:
	rm -rf .venv .cache build cdk.out
