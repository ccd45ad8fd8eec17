# Every target needs Python 3.11+ and make, and installs the rest. `up` and `down` need Docker.
PYTHON ?= python3
UV := .tools/uv/bin/uv
RUN := .venv/bin
export UV_PYTHON_DOWNLOADS ?= never
export UV_LINK_MODE ?= copy
WORKERS ?= 2
SEED ?= 1
SAMPLE ?= --sample $(SEED)
FAST_TESTS := shared/schemas shared/engine services/order_saga/tests/unit tools/saga_stack/tests/test_registry.py
export SECRETS_DIR ?= secrets

.DEFAULT_GOAL := help

.PHONY: help
help:  ## List the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is required: make PYTHON=…") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .tools/uv
	.tools/uv/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'

.venv/installed: $(UV) pyproject.toml uv.lock $(wildcard shared/*/pyproject.toml services/*/pyproject.toml tools/*/pyproject.toml)
	$(UV) sync --frozen --python $(PYTHON) --quiet
	@touch $@

.PHONY: install
install: .venv/installed  ## Install everything into .venv

.PHONY: demo
demo: install  ## Run real orders through all three services
	$(RUN)/saga demo

.PHONY: demo-svg
demo-svg: install  ## Record a run of the demo as docs/demo.svg
	$(RUN)/python docs/record_demo.py

.PHONY: run
run: install  ## Run the whole system until Ctrl-C, without Docker
	$(RUN)/saga up

.PHONY: compose
compose:
	@docker compose version >/dev/null || { echo 'Docker with Compose 2 is required: https://docs.docker.com/compose/install/. To run without it: make run' >&2; exit 1; }

.PHONY: up
up: compose  ## Run the whole system in containers (ARGS="--scale payment=3")
	$(PYTHON) deploy/make_secrets.py
	@chmod a+rx deploy/databases.sh # executed by PostgreSQL's user
	docker compose up --build --detach --wait $(ARGS)
	@docker compose ps --format 'table {{.Service}}\t{{.Status}}\t{{.Ports}}'

.PHONY: down
down: compose  ## Remove the containers; with ARGS=--volumes their data too
	docker compose --profile tools --profile stripe down $(ARGS)

.PHONY: test
test: install  ## Run unit, integration and end-to-end tests, the largest ones as samples
	$(RUN)/pytest -n $(WORKERS) --dist loadfile $(SAMPLE) $(ARGS)

.PHONY: test-full
test-full:  ## Run all of them in full, as the gate does
	$(MAKE) test SAMPLE=

.PHONY: test-unit
test-unit: install  ## Run the tests that need no servers, except the slow ones
	$(RUN)/pytest --without-servers -m 'not stack and not slow' -n $(WORKERS) --dist loadfile $(SAMPLE) $(ARGS)

.PHONY: test-fast
test-fast: install  ## Run the tests of the saga's declaration, the engine and the schemas
	$(RUN)/pytest --without-servers -m 'not stack and not slow' $(SAMPLE) $(FAST_TESTS) $(ARGS)

.PHONY: e2e-kafka
e2e-kafka: install  ## Test on a three-broker Kafka cluster: lost brokers, TLS, lost replicas
	$(RUN)/pytest --without-servers -o stall_seconds=1500 -n 2 --dist loadfile e2e/kafka $(ARGS)

.PHONY: e2e-stripe
e2e-stripe: install  ## Run the end-to-end tests on Stripe's test mode (STRIPE_SECRET_KEY)
	@case "$$STRIPE_SECRET_KEY" in sk_test_?*|rk_test_?*) ;; *) echo 'STRIPE_SECRET_KEY=sk_test_… is missing. Without a Stripe account, run: make test' >&2; exit 1 ;; esac
	$(RUN)/pytest --without-servers -m 'not embedded' e2e $(ARGS)

.PHONY: e2e-compose
e2e-compose: install  ## Test docker-compose.yml; without Docker, on an engine of its own
	$(RUN)/pytest --without-servers --timeout=1200 -o stall_seconds=1500 e2e/compose $(ARGS)

.PHONY: test-emulator
test-emulator: install  ## Run the Stripe emulator's tests
	$(RUN)/pytest --without-servers -n $(WORKERS) --dist loadfile tools/stripe_emulator

.PHONY: fix
fix: install  ## Apply ruff's fixes and format the code
	$(RUN)/ruff check --fix .
	$(RUN)/ruff format .

.PHONY: record
record: install  ## Record histories of new transitions of the saga, and the engine's paths
	PYTHONPATH=services/order_saga/tests $(RUN)/python -m saga_testing.recorded
	PYTHONPATH=shared/engine/tests $(RUN)/python -m engine_testing.table

.PHONY: check
check: lint types imports  ## Run lint, types and imports

.PHONY: lint
lint: install  ## Check lint rules and formatting
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .

.PHONY: types
types: install  ## Check types (pyright, strict)
	$(RUN)/pyright

.PHONY: imports
imports: install  ## Check import contracts
	$(RUN)/lint-imports

.PHONY: bench
bench: install  ## Measure steady load, a ladder of rates, a backlog, rest and whole lives
	$(RUN)/python -m bench.commands.system $(ARGS)

.PHONY: bench-peers
bench-peers: install  ## Measure Restate and DBOS on the same work, and print ratios; needs npm
	$(RUN)/python -m bench.commands.peers $(ARGS)

.PHONY: bench-flat
bench-flat: install  ## Measure whether a million finished orders cost anything
	$(RUN)/python -m bench.commands.flat $(ARGS)

.PHONY: bench-deadlines
bench-deadlines: install  ## Measure the delay and the cost of deadlines
	$(RUN)/python -m bench.commands.deadlines $(ARGS)

.PHONY: bench-overload
bench-overload: install  ## Measure goodput under overload and after a burst
	$(RUN)/python -m bench.commands.overload $(ARGS)

.PHONY: bench-retention
bench-retention: install  ## Measure what retention removes from a million finished orders
	$(RUN)/python -m bench.commands.retention $(ARGS)
