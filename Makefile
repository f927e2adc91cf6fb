# Canbao's commands. Each sets up from nothing what it needs: see tools/bootstrap.py.
#
#   make demo     the main job once, end to end, and what happened
#   make up       the same stack left running, with addresses and what to type
#   make test     every test, browser tests included where a browser can be had
#   make check    lint, types, import contracts, migrations, house rules
#   make bench    every benchmark beside its floor, as ratios
#   make simulate days of misbehaviour, seed after seed until stopped, and how many a minute
#   make audit    all auditors on the running database
#   make screens  pictures of the pages
#   make lock     lock the requirements and the npm packages anew
#   make clean    remove all that was made, the databases of this checkout included

SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory --no-builtin-rules

# The first Python that is new enough; `make PYTHON=...` names another.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo "$$name"; exit; fi; done; echo python3)
BIN := .venv/bin
# Tests run beside each other on as many cores as this.
TEST_PROCESSES ?= 2

.PHONY: help runtime development demo up test check bench simulate audit screens lock clean

help:
	@sed -n 's/^#   //p' Makefile

runtime:
	@"$(PYTHON)" tools/bootstrap.py runtime

development:
	@"$(PYTHON)" tools/bootstrap.py development

demo: runtime
	@$(BIN)/canbao demo

up: runtime
	@$(BIN)/canbao up

bench: runtime
	@$(BIN)/canbao bench all

# DAYS and PAYERS say how much happens in a seed; SEED where to begin.
simulate: runtime
	@$(BIN)/canbao simulate --forever --days $(or $(DAYS),10) --payers $(or $(PAYERS),3) $(if $(SEED),--seed $(SEED))

audit: runtime
	@$(BIN)/canbao audit

screens: development
	@$(BIN)/python -m tools.browser
	@$(BIN)/python -m tools.screens

test: development
	@$(BIN)/python -m tools.browser
	@$(BIN)/python -m pytest -n $(TEST_PROCESSES)

check: development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.tidy
	$(BIN)/canbao migrate --check

lock: development
	@$(BIN)/python -m tools.lock

clean:
	@if [ -x $(BIN)/python ]; then \
		$(BIN)/python -m canbao.site.postgres destroy && \
		$(BIN)/python -m canbao.site.postgres destroy --root .local/postgres-test; fi
	rm -rf .venv node_modules build .local .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
