# Every target sets up what it needs from a bare checkout. CI calls only these.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
GENERATE_VENV := .venv-generate

.DEFAULT_GOAL := help

.PHONY: help
help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-15s %s\n", $$1, $$2}'

.PHONY: setup
setup: $(STAMP) ## make the virtual environment with the locked dependencies

$(STAMP): requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

.PHONY: run
run: $(STAMP) ## start the server on its defaults
	@exec $(BIN)/taskweir serve $(ARGS)

.PHONY: test
test: $(STAMP) ## every test that needs no service, in about two minutes
	$(BIN)/pytest -n auto --dist worksteal $(ARGS)

.PHONY: check
check: $(STAMP) ## format, lint, types, stale stubs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(MAKE) --no-print-directory check-generated

.PHONY: check-generated
check-generated: $(GENERATE_VENV)/.installed ## fail when generated/ is not what protos/ gives
	$(GENERATE_VENV)/bin/python protos/generate.py --check

.PHONY: generate
generate: $(GENERATE_VENV)/.installed ## compile protos/ into generated/
	$(GENERATE_VENV)/bin/python protos/generate.py

$(GENERATE_VENV)/.installed: protos/requirements.txt
	$(PYTHON) -m venv $(GENERATE_VENV)
	$(GENERATE_VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	touch $@

.PHONY: format
format: $(STAMP) ## format the code and mend what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

OLDEST_VENV := .venv-oldest

.PHONY: test-oldest
test-oldest: $(OLDEST_VENV)/.installed ## the tests with the oldest dependencies that pyproject.toml allows
	$(OLDEST_VENV)/bin/pytest -n auto --dist worksteal $(ARGS)

$(OLDEST_VENV)/.installed: requirements-oldest.txt pyproject.toml
	$(PYTHON) -m venv $(OLDEST_VENV)
	$(OLDEST_VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement requirements-oldest.txt
	$(OLDEST_VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

.PHONY: test-crash
test-crash: $(STAMP) ## kill -9 under load, twenty rounds
	$(BIN)/python -m tests.crash $(ARGS)

.PHONY: test-scenarios
test-scenarios: $(STAMP) ## a thousand random scenarios and runs of leases, held to the promises
	SCENARIOS=1000 LEASE_RUNS=1000 $(BIN)/pytest -n auto --dist worksteal --timeout 300 tests/scenarios tests/store/test_lease_machine.py $(ARGS)

.PHONY: test-siege
test-siege: $(STAMP) ## 10,000 idle connections on each port, slow senders, floods and bombs at once
	$(BIN)/python -m tests.siege $(ARGS)

.PHONY: test-scale
test-scale: $(STAMP) ## start-up and memory with 1,000,000 queued tasks
	$(BIN)/python -m tests.scale $(ARGS)

FUZZ_VENV := .venv-fuzz

.PHONY: test-fuzz
test-fuzz: $(FUZZ_VENV)/.installed ## the HTTP port under schemathesis and raw bytes, five minutes
	$(FUZZ_VENV)/bin/python -m tests.fuzz $(ARGS)

$(FUZZ_VENV)/.installed: requirements-fuzz.txt pyproject.toml
	$(PYTHON) -m venv $(FUZZ_VENV)
	$(FUZZ_VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement requirements-fuzz.txt
	$(FUZZ_VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

.PHONY: test-clients
test-clients: $(STAMP) ## clients in Python, Node, Go, Java; gcloud, grpcurl; skips what the machine cannot run
	$(BIN)/pytest -n 2 --dist loadfile tests/clients $(ARGS)

.PHONY: test-image
test-image: $(STAMP) ## the Dockerfile without Docker, and the server in it (needs root and debootstrap)
	$(BIN)/python -m tests.image $(ARGS)

.PHONY: bench
bench: $(STAMP) ## all measurements, about ten minutes; bench-NAME for one (see docs/benchmarks.md)
	$(BIN)/python -m bench $(ARGS)

.PHONY: bench-huge
bench-huge: $(STAMP) ## 10,000,000 queued tasks, made once and kept in .bench/
	$(BIN)/python -m bench huge $(ARGS)

bench-%: $(STAMP)
	$(BIN)/python -m bench $* $(ARGS)

.PHONY: test-bench
test-bench: $(STAMP) ## a small part of each measurement, to see that all of them work
	$(BIN)/python -m bench --smoke $(ARGS)
	$(BIN)/python -m bench huge --smoke --kept $$(mktemp -d) $(ARGS)

LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-annotate --no-header

.PHONY: lock
lock: ## renew the locked requirements from pyproject.toml (needs uv)
	$(LOCK) --group dev --output-file requirements.txt pyproject.toml
	$(LOCK) --group dev --resolution lowest-direct --output-file requirements-oldest.txt pyproject.toml
	$(LOCK) --group fuzz --constraint requirements.txt --output-file requirements-fuzz.txt pyproject.toml
	$(LOCK) --constraint requirements.txt --output-file requirements-server.txt pyproject.toml
	$(LOCK) --constraint requirements.txt --group build --output-file requirements-build.txt
	$(LOCK) --output-file tests/clients/python/requirements.txt tests/clients/python/requirements.in

.PHONY: clean
clean: ## remove what the other targets made
	rm -rf $(VENV) $(GENERATE_VENV) $(OLDEST_VENV) $(FUZZ_VENV) .bench .clients build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
