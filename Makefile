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

# What was typed after m=, to= and o= reaches the command as it was typed, whatever quotes or dollar signs are in it.
unexport m to again o
export MESSAGE = $(value m)
export REVISION = $(value to)
export AGAIN = $(value again)
export REPORT = $(or $(value o),var/schema-report.html)

.PHONY: help setup run dev test test-packages faults fuzz bench check format lock clean http-transcripts
.PHONY: db-migrate db-lock db-upgrade db-downgrade db-history db-plan
.PHONY: db-docs db-docs-check db-lint db-verify db-check db-drift db-audit db-roles db-report

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

test: ## Run the tests of the service, with coverage; args="-k email" runs those you name, without
	@$(SET_UP) dev
	@"$(BIN)/python" scripts/test.py $(args)

test-packages: ## Run the tests of what is in packages/, and those that need more than Python or minutes
	@$(SET_UP) dev
	@"$(BIN)/python" scripts/test.py --packages $(args)

faults: ## Prove the faults of production on real servers, and write their table; args="-k frozen" runs those you name
	@$(SET_UP) dev
	@PYTHONPATH=tests "$(BIN)/python" -m faults.run $(args)

fuzz: ## Look for what is not as the OpenAPI document says; args="--database postgresql --requests 20000 --seed 7"
	@$(SET_UP) dev
	@PYTHONPATH=tests:packages/foundation/tests "$(BIN)/python" -m openapi.fuzz $(args)

bench: ## Measure the service against reference programs, and write docs/performance.md; args="--quick" only tries
	@$(SET_UP) dev
	@PYTHONPATH=tests:packages/foundation/tests "$(BIN)/python" -m benchmarks.run $(args)

check: ## Check style, types, imports, the lock files and the schema (all of db-check)
	@$(SET_UP) dev
	@"$(BIN)/python" scripts/check.py

format: ## Format the code, and fix what ruff can fix
	@$(SET_UP) dev
	@"$(BIN)/ruff" check --fix-only .
	@"$(BIN)/ruff" format .

lock: ## Pin the dependencies of pyproject.toml anew; upgrade=1 takes the newest versions
	@$(SET_UP) dev
	@"$(BIN)/python" scripts/lock.py $(if $(upgrade),--upgrade)

http-transcripts: ## Write the answers in docs/http-api.md anew, as a new service gives them
	@$(SET_UP) dev
	@PYTHONPATH=tests "$(BIN)/python" -m http_contract.transcripts

clean: ## Remove caches, build output and virtual environments; data in var/ stays
	@"$(PYTHON)" -E scripts/clean.py

db-migrate: ## Write a migration from the changes of the tables: m="add a phone number"; empty=1 leaves it to you
	@[ -n "$$MESSAGE" ] || { echo 'Say what the migration does: make db-migrate m="add a phone number"' >&2; exit 2; }
	@$(SET_UP) dev
	@"$(BIN)/fastapi-service" db migrate -m "$$MESSAGE" $(if $(empty),--empty)

db-lock: ## Record new migrations in versions.lock; again=REVISION records one that you wrote anew
	@$(SET_UP) dev
	@"$(BIN)/fastapi-service" db lock $(if $(value again),--again="$$AGAIN")

db-upgrade: ## Bring the database to the newest migration
	@$(SET_UP) runtime
	@"$(BIN)/fastapi-service" db upgrade

db-downgrade: ## Undo the last migration, or all those after to=REVISION; yes=1 loses what is in them
	@$(SET_UP) runtime
	@"$(BIN)/fastapi-service" db downgrade $(if $(value to),--to="$$REVISION") $(if $(yes),--yes)

db-history: ## List the migrations: which the database has had, when, and how long each took
	@$(SET_UP) runtime
	@"$(BIN)/fastapi-service" db history

db-plan: ## Show what the pending migrations lock, rewrite and scan, measured
	@$(SET_UP) dev
	@"$(BIN)/fastapi-service" db plan

db-drift: ## Compare the tables with the database, and name every difference
	@$(SET_UP) runtime
	@"$(BIN)/fastapi-service" db drift

db-audit: ## Look at the health of the database
	@$(SET_UP) runtime
	@"$(BIN)/fastapi-service" db audit

db-roles: ## Print the SQL of three database roles: for migrations, the service and readers
	@$(SET_UP) runtime
	@"$(BIN)/fastapi-service" db roles

db-report: ## Write one HTML file with the diagram, the tables, the history and the findings: o=var/schema-report.html
	@$(SET_UP) dev
	@"$(BIN)/fastapi-service" db report --output "$$REPORT"

db-check: ## Check all of the schema that needs no live database: versions.lock, document, lint, verify
	@$(SET_UP) dev
	@"$(BIN)/fastapi-service" db check

db-lint: ## Find unsafe migrations and weak tables
	@$(SET_UP) dev
	@"$(BIN)/fastapi-service" db lint

db-verify: ## Try every migration up, down and up over rows, on throwaway databases
	@$(SET_UP) dev
	@"$(BIN)/fastapi-service" db verify

db-docs: ## Write the schema document from the tables
	@$(SET_UP) dev
	@"$(BIN)/fastapi-service" db docs

db-docs-check: ## See whether the schema document is what the tables say
	@$(SET_UP) dev
	@"$(BIN)/fastapi-service" db docs-check
