# Aliases only: the logic is in `./sandbox`, scripts/ and tests/. More options: make up ARGS="--workers 3"
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help up down status doctor open reset test test-fast test-unit test-spark test-stack test-integration test-browser test-faults test-matrix lint format types arrows bench bench-hub bench-runner bench-rows bench-run-diff bench-feature-case bench-learn bench-bundle lock

DEV = @python3 scripts/bootstrap.py dev &&

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | while IFS="$$(printf '\t')" read -r name text; do printf '  %-18s %s\n' "$$name" "$$text"; done

up: ## Start everything, run the sample pipeline once, test that it works
	@./sandbox up $(ARGS)

down: ## Stop everything, keep all data
	@./sandbox down $(ARGS)

status: ## Show what runs, and where
	@./sandbox status $(ARGS)

doctor: ## Check everything end to end and say what is broken
	@./sandbox doctor $(ARGS)

open: ## Open the hub in a browser
	@./sandbox open $(ARGS)

reset: ## Delete the stack and its data (names it and asks first)
	@./sandbox reset $(ARGS)

test: ## Everything CI runs, how long each part took and the slowest tests
	$(DEV) exec .venv/bin/python -m tests.run $(ARGS)

test-fast: ## What one runs while working: lint, types, arrows and unit tests, side by side
	$(DEV) exec .venv/bin/python -m tests.run --fast $(ARGS)

test-unit: ## Unit tests: no engine, under a minute
	$(DEV) .venv/bin/python -m pytest tests/unit $(ARGS)

test-spark: ## Pipelines on a local Spark, inside of the Spark image: no stack
	$(DEV) .venv/bin/python -m tests.matrix --only 4.1 $(ARGS)

test-stack: ## Integration tests, browser journey and faults, on a stack of their own
	$(DEV) .venv/bin/python -m pytest tests/integration tests/browser tests/faults $(ARGS)

test-integration: ## Integration tests only
	$(DEV) .venv/bin/python -m pytest tests/integration $(ARGS)

test-browser: ## The browser journey only
	$(DEV) .venv/bin/python -m pytest tests/browser $(ARGS)

test-faults: ## Bad input and broken machines only
	$(DEV) .venv/bin/python -m pytest tests/faults $(ARGS)

test-matrix: ## tests/spark on Spark 4.0 and on 4.1, as a table
	$(DEV) .venv/bin/python -m tests.matrix $(ARGS)

lint: ## Style and formatting (ruff)
	$(DEV) .venv/bin/ruff check . && .venv/bin/ruff format --check .

format: ## Repair style and formatting
	$(DEV) .venv/bin/ruff check --fix . && .venv/bin/ruff format .

types: ## Types (mypy)
	$(DEV) .venv/bin/mypy

arrows: ## Who may import whom (import-linter)
	$(DEV) PYTHONPATH=hub:hub/docker-api:hub/notebook .venv/bin/lint-imports

bench: ## Measure start, stop, spawn, memory, sizes and the runner (ARGS=--cold for the first start)
	$(DEV) .venv/bin/python -m bench $(ARGS)

bench-hub: ## What a user of the hub waits for: server, kernel, first rows, sharing; and ten idle servers
	$(DEV) .venv/bin/python -m bench.hub $(ARGS)

bench-runner: ## The runner beside plain PySpark and its peers, half an hour (ARGS="--rows 500000 --only a,d")
	$(DEV) .venv/bin/python -m bench.runner $(ARGS)

bench-rows: ## Comparing two frames of 10 million rows, beside DuckDB by hand (ARGS="--rows 500000")
	$(DEV) .venv/bin/python -m bench.rows $(ARGS)

bench-run-diff: ## Comparing two runs of 1,000 features (ARGS="--features 100")
	$(DEV) .venv/bin/python -m bench.run_diff $(ARGS)

bench-feature-case: ## A test by feature_case, beside the same one by pytest-spark and chispa (ARGS="--python P")
	$(DEV) .venv/bin/python -m bench.feature_case $(ARGS)

bench-learn: ## How long the check of a lesson takes beyond its replay (ARGS="--python P")
	$(DEV) .venv/bin/python -m bench.learn $(ARGS)

bench-bundle: ## Exporting and importing a run of 1 GB in a folder, beside a plain copy of its files
	$(DEV) .venv/bin/python -m bench.bundle $(ARGS)

lock: ## Renew requirements/*.lock from the .in files
	$(DEV) sh scripts/lock.sh
