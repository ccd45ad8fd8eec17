# Everything here needs Python 3.11+ and make, and installs the rest by itself; `up` needs Docker.
PYTHON ?= python3
UV := .tools/uv/bin/uv
RUN := .venv/bin
export UV_PYTHON_DOWNLOADS ?= never
export UV_LINK_MODE ?= copy
WORKERS ?= 2
export SECRETS_DIR ?= secrets

.DEFAULT_GOAL := help

.PHONY: help
help:  ## What there is
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=…") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .tools/uv
	.tools/uv/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'

.venv/installed: $(UV) pyproject.toml uv.lock $(wildcard shared/*/pyproject.toml services/*/pyproject.toml tools/*/pyproject.toml)
	$(UV) sync --frozen --python $(PYTHON) --quiet
	@touch $@

.PHONY: install
install: .venv/installed  ## Install everything into .venv

.PHONY: demo
demo: install  ## Take real orders through all three services, live
	$(RUN)/saga demo

.PHONY: run
run: install  ## Run the whole system until Ctrl-C, without Docker
	$(RUN)/saga up

.PHONY: compose
compose:
	@docker compose version >/dev/null || { echo 'Docker with Compose 2 is needed: https://docs.docker.com/compose/install/. Without it: make run' >&2; exit 1; }

.PHONY: up
up: compose  ## Run the whole system in containers: make up ARGS="--scale payment=3"
	$(PYTHON) deploy/make_secrets.py
	@chmod a+rx deploy/databases.sh # PostgreSQL's user runs it
	docker compose up --build --detach --wait $(ARGS)
	@docker compose ps --format 'table {{.Service}}\t{{.Status}}\t{{.Ports}}'

.PHONY: down
down: compose  ## Remove the containers, and with ARGS=--volumes their data too
	docker compose --profile tools --profile stripe down $(ARGS)

.PHONY: test
test: install  ## All tests: unit, integration, end to end
	$(RUN)/pytest -n $(WORKERS) --dist loadfile

.PHONY: e2e-kafka
e2e-kafka: install  ## A Kafka cluster under test: brokers that die, restart, are cut off
	$(RUN)/pytest --without-servers -n $(WORKERS) --dist loadfile e2e/kafka $(ARGS)

.PHONY: e2e-stripe
e2e-stripe: install  ## The end-to-end tests on Stripe's own test mode: needs STRIPE_SECRET_KEY
	@case "$$STRIPE_SECRET_KEY" in sk_test_?*|rk_test_?*) ;; *) echo 'STRIPE_SECRET_KEY=sk_test_… is missing: a key of your own for Stripe'"'"'s test mode. Without one: make test' >&2; exit 1 ;; esac
	$(RUN)/pytest --without-servers -m 'not embedded' e2e $(ARGS)

.PHONY: e2e-compose
e2e-compose: install  ## docker-compose.yml under test, on a Docker engine of its own if there is none
	$(RUN)/pytest --without-servers --timeout=1200 e2e/compose $(ARGS)

.PHONY: test-emulator
test-emulator: install  ## The Stripe emulator's tests alone
	$(RUN)/pytest --without-servers -n $(WORKERS) --dist loadfile tools/stripe_emulator

.PHONY: record
record: install  ## Record a history for each of the saga's transitions that has none
	PYTHONPATH=services/order_saga/tests $(RUN)/python -m saga_testing.recorded

.PHONY: check
check: install  ## Lint, format, types, import contracts
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/pyright
	$(RUN)/lint-imports

.PHONY: bench
bench: install  ## Throughput, latency, and what a saga costs
	$(RUN)/python bench/bench.py $(ARGS)

.PHONY: bench-deadlines
bench-deadlines: install  ## How late deadlines fire, and what they cost
	$(RUN)/python bench/deadlines.py $(ARGS)
