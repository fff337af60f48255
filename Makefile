# Kindred. `make` alone says what there is to make.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PORT ?= 8501
API_PORT ?= 8600
PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3.11)
PEOPLE ?= 20000
DAYS ?= 180
SEED ?= 1

BIN := .venv/bin
RUN := $(BIN)/python
# A stamp carries the hash of what it was made from: an older one is no reason to do it again.
STAMP := .venv/.runtime-$(shell cat requirements.txt | cksum | cut -d' ' -f1)
DEV_STAMP := .venv/.dev-$(shell cat requirements.txt requirements-dev.txt | cksum | cut -d' ' -f1)

.PHONY: help setup run work serve status simulate test nightly check format bench screenshots clean

help: ## Say what there is to make
	@echo "Kindred: find the people who are alike, say who they are, publish it."
	@echo
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort -s -t: -k1,1 \
	  | awk -F':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'
	@echo
	@echo "  PORT=$(PORT)  API_PORT=$(API_PORT)  KINDRED_HOME=$${KINDRED_HOME:-var}  PYTHON=$(PYTHON)"

setup: $(STAMP) ## Make .venv/ with what the product needs
	@echo ".venv/ is ready."

run: $(STAMP) ## Import the real data, compute, start dashboard and API (PORT=8501)
	@$(RUN) -m pipelines up --port $(PORT) --api-port $(API_PORT)

work: $(STAMP) ## Run a worker alone, for a dashboard that runs elsewhere
	@$(RUN) -m pipelines work

serve: $(STAMP) ## Run the API and what delivers its events, alone (API_PORT=8600)
	@$(RUN) -m pipelines serve --api-port $(API_PORT)

status: $(STAMP) ## Say what the workspace holds and how fresh it is
	@$(RUN) -m pipelines status

simulate: $(STAMP) ## Start on a made-up world instead (PEOPLE=, DAYS=, SEED=), in var-simulated/
	@test -d var-simulated/world || $(RUN) -m pipelines simulate --people $(PEOPLE) \
	  --days $(DAYS) --seed $(SEED) --out var-simulated/world
	@KINDRED_HOME=var-simulated $(RUN) -m pipelines import events var-simulated/world
	@KINDRED_HOME=var-simulated $(RUN) -m pipelines up --port $(PORT) --api-port $(API_PORT)

test: $(DEV_STAMP) ## Run every check and every test
	@$(RUN) -m tests.services ensure
	@$(MAKE) --no-print-directory check
	@echo "Tests: the fast ones first, two at a time"
	@$(BIN)/pytest -ra --doctest-modules kindred dashboard data --ignore=data/migrations
	@$(BIN)/pytest -ra -n 2 --dist loadfile -m "not slow and not browser"
	@echo "Tests: the slow ones"
	@$(BIN)/pytest -ra -m "slow and not browser" || test $$? -eq 5  # 5: there is none
	@echo "Tests: journeys in Chromium"
	@$(BIN)/pytest -ra -m browser || test $$? -eq 5
	@echo "All checks and tests passed."

nightly: $(DEV_STAMP) ## Hold rules to their meaning over ten thousand random rules and populations
	@HYPOTHESIS_PROFILE=nightly $(BIN)/pytest -ra -n 2 --timeout 7200 \
	  tests/data/test_segment_meaning.py tests/data/test_segment_population.py \
	  tests/kindred/segments/test_conditions.py

check: $(DEV_STAMP) ## Check format, lint, types and imports
	@echo "Checking format, lint, types, imports"
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(DEV_STAMP) ## Bring the code into the one format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(DEV_STAMP) ## Measure, as docs/benchmarks.md reports it
	@for file in tests/benchmarks/bench_*.py; do \
	  echo "== $$file"; $(RUN) -m "tests.benchmarks.$$(basename "$$file" .py)"; done

screenshots: $(DEV_STAMP) ## Take docs/screenshots anew, over the workspace that make run filled
	@$(RUN) -m tests.browser.take_screenshots

clean: ## Take away .venv/ and caches; var/ with its data stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): requirements.txt
	@.ci/install $(PYTHON) requirements.txt $@

$(DEV_STAMP): requirements.txt requirements-dev.txt
	@.ci/install $(PYTHON) requirements-dev.txt $@
	@touch $(STAMP)
