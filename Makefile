# Volant's targets; CI runs the same ones. `make` alone lists them.
SHELL := /usr/bin/env bash
VENV ?= .venv
PY := $(VENV)/bin/python
LITELLM := build/litellm
export VENV

.PHONY: help setup setup-core fmt lint types arch test docs demo story bench bench-gateway soak openapi clients console sbom image clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: ## the whole environment (torch, trainers, servers, tools)
	@scripts/setup.sh full

setup-core: ## gateway, traces and control only; no torch (VENV=.venv-core)
	@VENV=$(if $(filter .venv,$(VENV)),.venv-core,$(VENV)) scripts/setup.sh core

fmt: setup ## format the code
	$(VENV)/bin/ruff format src tests bench scripts
	$(VENV)/bin/ruff check --fix -q src tests bench scripts

lint: setup ## ruff
	$(VENV)/bin/ruff check src tests bench scripts
	$(VENV)/bin/ruff format --check src tests bench scripts

types: setup ## mypy, strict
	$(VENV)/bin/mypy

arch: setup ## the import contract: floors, no cycles, no torch in servers
	$(VENV)/bin/lint-imports

test: setup console clients ## every test (real data: VOLANT_TEST_DATA=folder)
	@echo "[test] the whole suite; real-data tests $(if $(VOLANT_TEST_DATA),read $(VOLANT_TEST_DATA),skip by name without VOLANT_TEST_DATA)"
	$(PY) -m pytest $(ARGS)
	@echo "[test] all passed. Next: make demo"

docs: setup ## build the docs site into build/site, strictly, and run every code block of every page
	$(PY) scripts/build_docs.py
	$(PY) -m pytest tests/docs -s $(ARGS)
	@echo "[docs] every page runs. Open build/site/index.html"

console: ## build the web console (needs Node 20.19 or newer; without it everything else works)
	@scripts/console.sh

clients: ## the vendors' npm clients, which tests/clients drive (needs Node 20.19 or newer; without it those tests skip)
	@scripts/clients.sh

openapi: setup ## write openapi.json and the settings' JSON Schema from the code
	$(PY) scripts/generate.py

demo: setup console ## the whole loop on your machine (ONCE=1 stops at the end; DATA=train.csv TEST=test.csv for your own files)
	$(VENV)/bin/volant demo $(if $(DATA),--data $(DATA)) $(if $(TEST),--test $(TEST)) $(if $(filter 1,$(ONCE)),--once) $(ARGS)

story: setup ## the loop on real customers' questions (needs VOLANT_TEST_DATA), with every claim asserted
	$(PY) scripts/story.py

bench-gateway: setup ## what a request costs beside nginx and LiteLLM (installed apart), in one run: ten minutes
	test -x $(LITELLM)/bin/litellm || ($(PY) -m venv $(LITELLM) && $(LITELLM)/bin/pip install -q 'litellm[proxy]')
	$(PY) bench/gateway.py --litellm $(LITELLM)/bin/litellm $(ARGS)

soak: setup ## 100,000 requests while one deployment fails in every known way; some minutes
	$(PY) bench/soak.py $(ARGS)

bench: setup ## the figures in README and docs, as a table, from bench/results
	$(PY) bench/table.py $(ARGS)

sbom: setup ## the software bill of materials (CycloneDX) from the locks: sbom.json
	$(PY) scripts/sbom.py $(ARGS)

image: ## the container image (needs docker; TAG=volant)
	docker build -f deploy/Dockerfile -t $(or $(TAG),volant) .

clean: ## remove environments and caches
	rm -rf .venv .venv-core .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache console/node_modules src/volant/_console
