# Every target needs Python 3.11+ and make, and installs the rest itself; `up` also needs Docker.
PYTHON ?= python3
UV := .tools/uv/bin/uv
RUN := .venv/bin
export UV_PYTHON_DOWNLOADS ?= never
export UV_LINK_MODE ?= copy
WORKERS ?= 2
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
demo: install  ## Start the local stack and run orders with every kind of card
	$(RUN)/saga demo

.PHONY: run
run: install  ## Run the whole system until Ctrl-C, without Docker
	$(RUN)/saga up

.PHONY: compose
compose:
	@docker compose version >/dev/null || { echo 'Docker with Compose 2 is required: https://docs.docker.com/compose/install/. To run without it: make run' >&2; exit 1; }

.PHONY: up
up: compose  ## Run the whole system in containers: make up ARGS="--scale payment=3"
	$(PYTHON) deploy/make_secrets.py
	@chmod a+rx deploy/databases.sh # PostgreSQL's user runs it
	docker compose up --build --detach --wait $(ARGS)
	@docker compose ps --format 'table {{.Service}}\t{{.Status}}\t{{.Ports}}'

.PHONY: down
down: compose  ## Remove the containers; with ARGS=--volumes also their data
	docker compose --profile tools --profile stripe down $(ARGS)

.PHONY: test
test: install  ## Run all tests: unit, integration, end to end
	$(RUN)/pytest -n $(WORKERS) --dist loadfile

.PHONY: e2e-kafka
e2e-kafka: install  ## Test a Kafka cluster: broker crashes, restarts, network cuts
	$(RUN)/pytest --without-servers -n $(WORKERS) --dist loadfile e2e/kafka $(ARGS)

.PHONY: e2e-stripe
e2e-stripe: install  ## Run the end-to-end tests in Stripe's test mode; needs STRIPE_SECRET_KEY
	@case "$$STRIPE_SECRET_KEY" in sk_test_?*|rk_test_?*) ;; *) echo 'STRIPE_SECRET_KEY=sk_test_… is missing: your own key for Stripe'"'"'s test mode. To test without one: make test' >&2; exit 1 ;; esac
	$(RUN)/pytest --without-servers -m 'not embedded' e2e $(ARGS)

.PHONY: e2e-compose
e2e-compose: install  ## Test docker-compose.yml, on a temporary Docker engine if none is running
	$(RUN)/pytest --without-servers --timeout=1200 e2e/compose $(ARGS)

.PHONY: test-emulator
test-emulator: install  ## Run the Stripe emulator's tests only
	$(RUN)/pytest --without-servers -n $(WORKERS) --dist loadfile tools/stripe_emulator

.PHONY: check
check: install  ## Check lint, format, types and import contracts
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/pyright
	$(RUN)/lint-imports

.PHONY: bench
bench: install  ## Measure throughput, latency and cost per saga
	$(RUN)/python bench/bench.py $(ARGS)

.PHONY: bench-deadlines
bench-deadlines: install  ## Measure the delay and cost of deadlines
	$(RUN)/python bench/deadlines.py $(ARGS)
