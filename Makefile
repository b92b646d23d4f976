# Recipes use make, the builtins of /bin/sh and Python, and nothing else that may be on the PATH.

.DEFAULT_GOAL := help

VENV ?= .venv
BIN = $(VENV)/bin
PYTHON ?= python3

# An environment keeps the interpreter it was made with until PYTHON names another one. -E: whatever PYTHONPATH says.
ifeq ($(origin PYTHON),file)
  SET_UP = python="$(BIN)/python"; [ -x "$$python" ] || python="$(PYTHON)"; "$$python" -E scripts/environment.py
else
  SET_UP = "$(PYTHON)" -E scripts/environment.py --this-python
endif
SET_UP += --venv "$(VENV)"

# What was typed after m= and to= reaches the command as it was typed, whatever quotes or dollar signs are in it.
unexport m to
export MESSAGE = $(value m)
export REVISION = $(value to)

.PHONY: help setup run dev test check format lock clean
.PHONY: db-migrate db-upgrade db-downgrade db-history db-docs db-docs-check

help: ## List the targets
	@"$(PYTHON)" -E scripts/help.py

setup: ## Make the virtual environment, or bring it up to date, for development
	@$(SET_UP) dev

run: ## Serve, with what the service needs and nothing else installed
	@$(SET_UP) runtime
	@"$(BIN)/fastapi-service" serve --upgrade-embedded

dev: ## Serve, and start again whenever the code changes
	@$(SET_UP) runtime
	@"$(BIN)/fastapi-service" serve --upgrade-embedded --reload

test: ## Run the tests, with coverage; args="-k email" runs those you name, without
	@$(SET_UP) dev
	@"$(BIN)/python" scripts/test.py $(args)

check: ## Check style, types, imports, the lock files and the schema document
	@$(SET_UP) dev
	@"$(BIN)/python" scripts/check.py

format: ## Format the code, and mend what ruff can mend
	@$(SET_UP) dev
	@"$(BIN)/ruff" check --fix-only .
	@"$(BIN)/ruff" format .

lock: ## Pin the dependencies of pyproject.toml anew; upgrade=1 takes the newest versions
	@$(SET_UP) dev
	@"$(BIN)/python" scripts/lock.py $(if $(upgrade),--upgrade)

clean: ## Remove caches, build output and virtual environments; data in var/ stays
	@"$(PYTHON)" -E scripts/clean.py

db-migrate: ## Write a migration from the changes of the tables: m="add a phone number"
	@[ -n "$$MESSAGE" ] || { echo 'Say what the migration does: make db-migrate m="add a phone number"' >&2; exit 2; }
	@$(SET_UP) dev
	@"$(BIN)/fastapi-service" db migrate -m "$$MESSAGE"

db-upgrade: ## Bring the database to the newest migration
	@$(SET_UP) runtime
	@"$(BIN)/fastapi-service" db upgrade

db-downgrade: ## Undo the last migration, or all those after to=REVISION
	@$(SET_UP) runtime
	@"$(BIN)/fastapi-service" db downgrade $(if $(value to),--to="$$REVISION")

db-history: ## List the migrations
	@$(SET_UP) runtime
	@"$(BIN)/fastapi-service" db history

db-docs: ## Write the schema document from the tables
	@$(SET_UP) dev
	@"$(BIN)/fastapi-service" db docs

db-docs-check: ## See whether the schema document is what the tables say
	@$(SET_UP) dev
	@"$(BIN)/fastapi-service" db docs-check
