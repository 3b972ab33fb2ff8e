# One line of help each: `make help`.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
PYTHON ?= python3
BIN := .venv/bin
LOCKS := requirements.lock requirements-dev.lock

.PHONY: help install demo dev check test soak bench docs lock clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: .venv/.installed ## .venv with both packages, every dependency pinned and hashed

.venv/.installed: $(LOCKS) packages/bankfeeds/pyproject.toml packages/sage-sandbox/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed; $(PYTHON) is $$($(PYTHON) --version)"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "python3 -m venv is missing. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e packages/bankfeeds -e packages/sage-sandbox
	touch $@

demo: install ## a bank statement travels into the Sage sandbox, while you watch
	$(BIN)/bankfeeds demo

dev: install ## the platform and the sandbox, wired together, on ports 8080 and 9080
	$(BIN)/bankfeeds dev

check: install ## format, lint, types, import rules, quick tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/pytest -q -m "not slow and not soak"

test: check browser ## everything: check, then the slow tests (processes, browser, crashes)
	$(BIN)/pytest -q -m "slow and not soak"

.PHONY: browser
browser: ## Chromium, for the tests that need one
	@command -v chromium >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	  else echo "The browser tests need Chromium: sudo apt-get install chromium"; exit 1; fi; }

soak: install browser ## long runs
	$(BIN)/pytest -q -m soak --timeout 7200

bench: install ## the benchmark, into bench/RESULTS.md (QUICK=1: a short one, nothing written there)
	$(BIN)/python -m bench $(if $(QUICK),--quick)

lock: ## resolve the dependencies anew (needs the network)
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet uv
	.venv-lock/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11 \
	  packages/bankfeeds/pyproject.toml packages/sage-sandbox/pyproject.toml -o requirements.lock
	.venv-lock/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11 \
	  packages/bankfeeds/pyproject.toml packages/sage-sandbox/pyproject.toml requirements-dev.in -c requirements.lock -o requirements-dev.lock
	rm -rf .venv-lock

clean: ## what can be made again
	rm -rf .venv .pytest_cache .ruff_cache site
