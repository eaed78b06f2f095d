PYTHON ?= python3
PY = .venv/bin/python

# Compiles the lists of requirements, in an environment of its own.
UV = .cache/update-venv/bin/uv
COMPILE = UV_PYTHON_DOWNLOADS=never $(UV) pip compile --quiet --no-config \
	--custom-compile-command "make update" $(UPGRADE)

.PHONY: install demo test test-faults screenshots bench bench-scale lint clean requirements update

install: .venv/installed

.venv/installed: requirements-dev.txt pyproject.toml
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

# The pictures in docs/screenshots, as the tests of the page see it
screenshots: install
	SCREENSHOTS=docs/screenshots $(PY) -m pytest tests/browser -k accessible

# Side by side with what one would use instead: make bench QUICK=1, make bench DATA=directory
bench: .cache/bench-venv/installed
	DATA=$(abspath $(DATA)) PYTHONPATH=layers/core/python TOKENIZERS_PARALLELISM=true \
		.cache/bench-venv/bin/python -m benchmarks $(if $(QUICK),--quick)

# Runs of 10, 100 and 1,000 concepts on the local AWS: what a concept costs, whatever their number
bench-scale: install
	$(PY) -m benchmarks.scale

.cache/bench-venv/installed: benchmarks/requirements.txt functions/requirements.txt
	test -d .cache/bench-venv || $(PYTHON) -m venv .cache/bench-venv
	.cache/bench-venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--require-hashes -r functions/requirements.txt
	.cache/bench-venv/bin/python -m pip install --quiet --disable-pip-version-check \
		-r benchmarks/requirements.txt
	touch $@

# After an edit of a requirements*.in: the lists again, everything else in its version of now
requirements: $(UV)
	$(COMPILE) --universal --python-version 3.11 --output-file requirements-dev.txt requirements-dev.in
	$(COMPILE) --universal --python-version 3.11 --generate-hashes --constraints requirements-dev.txt \
		--output-file requirements.txt requirements.in
	$(COMPILE) $(LAMBDA) --excludes functions/excluded.in \
		--output-file functions/requirements.txt functions/requirements.in
	$(COMPILE) $(LAMBDA) \
		--output-file layers/dependencies/requirements.txt layers/dependencies/requirements.in

# What is deployed is pinned with hashes, for Lambda's Python and platform.
LAMBDA = --generate-hashes --only-binary :all: --constraints requirements-dev.txt \
	--python-platform x86_64-manylinux_2_34 \
	--python-version $(shell sed -n 's/^PYTHON_VERSION = "\(.*\)"/\1/p' infra/settings.py)

# The newest versions of everything; then `make test`, and look at the diff
update:
	$(MAKE) requirements UPGRADE=--upgrade

$(UV): Makefile
	$(PYTHON) -m venv .cache/update-venv
	.cache/update-venv/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9

clean:
	rm -rf .venv .cache build cdk.out
