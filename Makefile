# Everything a developer or an operator of a demo types. `make help` explains.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help env demo run test check lint types arch contracts simulate fuzz faults mutants bench status stack secrets \
	rehearse-restore test-compose test-kubernetes test-tls test-browser test-oidc test-tracing test-alerts lock clean

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# Arguments for pytest, e.g. make test ARGS='-k roll_call'
ARGS ?=

help: ## this list
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | while IFS="$$(printf '\t')" read -r name text; do \
		printf '  make %-16s %s\n' "$$name" "$$text"; done

env: $(STAMP) ## the Python environment in .venv, from the locked requirements

$(STAMP): requirements/dev.txt requirements/install.sh
	@PYTHON='$(PYTHON)' sh requirements/install.sh $(VENV) requirements/dev.txt
	@: > $@

demo: $(STAMP) ## the whole system with a sample province; Ctrl-C stops it; EXIT=1, SCALE=small|full, PORT=8080
	@$(BIN)/python -m samples.demo $(if $(EXIT),--exit) $(if $(SCALE),--scale $(SCALE)) $(if $(PORT),--port $(PORT))

stack: $(STAMP) ## only PostgreSQL and Kafka, in the foreground; addresses in .run/dev/servers.json
	@$(BIN)/python -m deploy.local up

status: $(STAMP) ## what runs, lag, waiting and parked events
	@$(BIN)/python -m services.operations status

run: $(STAMP) ## a command of a service of the running demo: ARGS='reporting parked list'
	@$(BIN)/python -m deploy.local run $(ARGS)

test: $(STAMP) ## all tests, on real PostgreSQL and Kafka; ARGS='-k name' for some, '-n 0' for one at a time
	@$(BIN)/python -m pytest -n 2 --no-loadscope-reorder $(ARGS)

check: lint types arch contracts test ## exactly what CI runs

lint: $(STAMP) ## ruff: rules and formatting
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(STAMP) ## mypy --strict
	@$(BIN)/mypy .

arch: $(STAMP) ## who may import whom
	@$(BIN)/lint-imports

contracts: $(STAMP) ## fails if the kept schemas and API documents differ from the code, or break a reader
	@$(BIN)/python -m shared.contracts.export --check
	@$(BIN)/python -m deploy.documents --check

simulate: $(STAMP) ## services, relays and consumers under faults, fresh seeds; MINUTES=5
	@$(BIN)/python -m tests.simulation --minutes $(or $(MINUTES),1)

faults: $(STAMP) ## real servers and services killed, frozen, starved while a month is entered; 15 to 60 minutes
	@$(BIN)/python -m pytest tests/faults -m faults --durations=0 -s -v $(ARGS)

rehearse-restore: $(STAMP) ## backs up while a month is entered, destroys PostgreSQL, restores it both ways; recount 0
	@$(BIN)/python -m tests.rehearsal

mutants: $(STAMP) ## the product broken on purpose, one promise each: a test must fail every time; ARGS names some
	@$(BIN)/python -m tests.mutants $(ARGS)

fuzz: $(STAMP) ## odd requests, files and records, fresh seeds; MINUTES=5 or INPUTS=100000
	@$(BIN)/python -m tests.fuzz --minutes $(or $(MINUTES),0) --inputs $(or $(INPUTS),$(if $(MINUTES),0,5000))

bench: $(STAMP) ## measures against peers, into benchmarks/RESULTS.md; ARGS='append relay --rounds 5' chooses
	@$(BIN)/python -m benchmarks $(ARGS)

secrets: ## the secrets and certificates that Compose needs, where they are missing, in deploy/secrets
	@sh deploy/secrets.sh deploy/secrets
	@sh deploy/certificates.sh deploy/secrets

test-compose: $(STAMP) ## docker-compose.yml on a Docker engine that has the base images (docs/deploy.md)
	@$(BIN)/python -m pytest tests/compose -m compose $(ARGS)

test-tls: $(STAMP) ## services on a Kafka and a PostgreSQL that encrypt, each with its own login and rights
	@$(BIN)/python -m pytest -m tls $(ARGS)

test-kubernetes: $(STAMP) ## deploy/kubernetes on a real API server, which is built once (docs/kubernetes.md)
	@$(BIN)/python -m pytest tests/kubernetes -m kubernetes $(ARGS)

test-browser: $(STAMP) ## the operators' pages in the Chromium of this machine; screenshots into docs/images
	@$(BIN)/python -m pytest tests/browser -m browser $(ARGS)

test-tracing: $(STAMP) ## spans of a whole system in Jaeger, which is built once, with Go
	@$(BIN)/python -m pytest tests/tracing -m tracing $(ARGS)

test-oidc: $(STAMP) ## logins at Keycloak in the Chromium of this machine; fetches Keycloak once (177 MB)
	@$(BIN)/python -m pytest tests/oidc -m oidc $(ARGS)

test-alerts: ## the alert rules, by promtool
	@command -v promtool >/dev/null || { echo 'make test-alerts: promtool is not installed (Debian: the package prometheus)' >&2; exit 1; }
	@cd deploy/observability && promtool check config --syntax-only prometheus.yml && promtool test rules alerts_test.yml

lock: $(STAMP) ## newest releases that requirements/*.in allow, with hashes
	@sh requirements/lock.sh $(BIN)/uv

clean: ## removes what runs left behind: data, logs, caches (not the environment)
	@rm -rf .run .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +
