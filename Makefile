# `make` alone says what there is.
SHELL := /bin/sh
.DEFAULT_GOAL := help
BIN := .venv/bin
# An instance of our own: whatever else runs on this machine is left alone.
export DAGSTER_HOME := $(CURDIR)/.focus/dagster
export DAGSTER_DISABLE_TELEMETRY := yes

# The compiled piece (docs/decisions/0010-a-compiled-piece.md) is there where it can be compiled.
CARGO ?= cargo
NATIVE := $(if $(shell $(CARGO) --version 2>/dev/null),.venv/.native)

# On a machine that is shared a test that fails has a second try, which the summary tells.
UNSTEADY := $(if $(filter true,$(CI)),--reruns 1 -r aR)

ifneq ($(shell cat .venv/.home 2>/dev/null || pwd),$(CURDIR))
MOVED := moved
endif

.PHONY: help
help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

.PHONY: setup
setup: .venv/.run ## make .venv with what running needs (every target that needs it does it)
	@:

.PHONY: moved
moved:
.venv/.run: requirements/run.txt pyproject.toml .ci/setup $(MOVED)
	@.ci/setup run
.venv/.dev: requirements/dev.txt pyproject.toml .ci/setup $(MOVED)
	@.ci/setup dev
.venv/.native: .venv/.run $(wildcard native/Cargo.* native/*.toml native/*.py native/src/* native/focus_assets_native/*.py)
	@CARGO=$(CARGO) .ci/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation --reinstall ./native
	@touch $@
.focus/dagster/dagster.yaml: dagster.yaml
	@mkdir -p .focus/dagster && cp dagster.yaml $@

.PHONY: run
run: setup ## bring the mirror that focus.yaml describes up to date (ARGS="promotions --country DE")
	@$(BIN)/focus sync $(ARGS)

.PHONY: demo
demo: setup .focus/dagster/dagster.yaml ## see it work from start to end (DB=postgres: on PostgreSQL)
	@$(BIN)/focus demo $(if $(DB),--db $(DB)) $(ARGS)

.PHONY: dev
dev: setup .focus/dagster/dagster.yaml ## open the Dagster UI on the definitions, the sandbox beside it
	@$(BIN)/focus dev $(ARGS)

.PHONY: native
native: .venv/.native ## compile the piece that makes loads into PostgreSQL quicker (needs cargo)
	@:

.PHONY: native-test
native-test: ## test it without Python
	@cd native && $(CARGO) test -q --offline --locked --lib

.PHONY: test
test: .venv/.dev $(NATIVE) ## run the tests that need no browser, and see that they reach all of the core (ARGS="-k watermark": some)
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal -m "not browser" $(UNSTEADY) $(or $(ARGS),--cov --cov-report=term-missing:skip-covered)

.PHONY: browser-test
browser-test: .venv/.dev ## use the Dagster UI in headless Chromium; screenshots go to .artifacts/screenshots
	@$(BIN)/python -m pytest -q -m browser focus_assets_tests/browser $(UNSTEADY) $(ARGS)

.PHONY: check
check: lint types contracts $(if $(NATIVE),native-test) bench-quick browser-test test ## everything that CI runs

.PHONY: fmt
fmt: .venv/.dev ## format the code and sort its imports
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix-only -q .

.PHONY: lint
lint: .venv/.dev ## look for mistakes and for what `make fmt` would change
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

.PHONY: types
types: .venv/.dev ## check the types
	@$(BIN)/mypy

.PHONY: contracts
contracts: .venv/.dev ## check that imports point one way
	@$(BIN)/lint-imports --no-logo

.PHONY: kills
kills: .venv/.dev ## kill -9 a run at every point and compare (ARGS="--postgres embedded --kills 300")
	@$(BIN)/python -m focus_assets_tests.crash.kills $(or $(ARGS),--all)

.PHONY: truncations
truncations: .venv/.dev ## cut an answer at every byte and see who takes it for whole (ARGS="--cuts 2000")
	@$(BIN)/python -m focus_assets_tests.integration.truncation.truncations $(or $(ARGS),--all)

.PHONY: proofs
proofs: .venv/.dev ## run all that tries to break the mirror, and keep the figures (ARGS="--whole --only kills")
	@$(BIN)/python -m focus_assets_tests.proofs $(ARGS)

.PHONY: bench-peers
bench-peers: setup $(NATIVE) ## load the same rows with dlt, Meltano and a script (needs FOCUS_BENCH_POSTGRES_URL; ROWS=100000 ONLY=ours,dlt_rest ARGS=--delta)
	@$(BIN)/python -m benchmarks.peers $(if $(ROWS),--rows $(ROWS)) $(if $(ONLY),--only $(ONLY)) $(ARGS)

.PHONY: bench
bench: setup $(NATIVE) ## measure a million rows beside the databases' own loading (ROWS=100000 ONLY=postgres)
	@$(BIN)/python -m benchmarks $(if $(ROWS),--rows $(ROWS)) $(if $(ONLY),--only $(ONLY)) $(ARGS)

.PHONY: bench-quick
bench-quick: setup $(NATIVE) ## the first load of 100,000 rows beside PostgreSQL's own, in a minute or two
	@$(BIN)/python -m benchmarks --rows 100000 --only quick $(ARGS)

.PHONY: planted
planted: .venv/.dev ## plant bugs in a copy of the package, one at a time, and see each caught (ARGS="--only watermark")
	@$(BIN)/python -m focus_assets_tests.planted $(ARGS)

.PHONY: simulate
simulate: .venv/.dev ## try to break the mirror by seed (SEEDS=0-999 ARGS="--naive --database postgresql")
	@$(BIN)/python -m focus_assets_tests.simulation $(if $(SEEDS),--seeds $(SEEDS)) $(ARGS)

.PHONY: simulate-writes
simulate-writes: .venv/.dev ## try by seed to make a write end otherwise than told (SEEDS=0-1999)
	@$(BIN)/python -m focus_assets_tests.simulation.writes $(if $(SEEDS),--seeds $(SEEDS)) $(ARGS)

.PHONY: golden
golden: .venv/.dev ## rewrite the golden files; their diff is the review
	@$(BIN)/python -m pytest -q --golden

LOCK := .ci/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	--no-emit-index-url --no-emit-find-links --extra broker --extra duckdb --extra kafka --extra mysql --extra postgres --extra sandbox --extra writeback --group build pyproject.toml
.PHONY: lock
lock: ## write requirements/*.txt from pyproject.toml (ARGS=--upgrade for newer versions)
	@$(LOCK) $(ARGS) --output-file requirements/run.txt
	@$(LOCK) $(ARGS) --group dev --constraint requirements/run.txt --output-file requirements/dev.txt

.PHONY: clean
clean: ## remove all that can be made again; the database and .focus stay
	rm -rf native/target
	rm -rf .venv .tools .artifacts build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
