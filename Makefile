PYTHON ?= python3
BIN = .venv/bin

.PHONY: setup browser run dev test check css bench demo pins
.DEFAULT_GOAL := run

setup: .venv/ready ## make .venv with everything pinned

.venv/ready: requirements-dev.txt pyproject.toml
	$(PYTHON) -m venv .venv && $(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e . && touch $@

browser: setup ## a browser for the tests, unless there is one
	command -v chromium-headless-shell || command -v chromium || $(BIN)/playwright install chromium || { apt-get update && apt-get install -y chromium-headless-shell; }

run: setup ## migrate, fill the knowledge base, and serve on http://127.0.0.1:8000
	$(BIN)/fastopp migrate && $(BIN)/fastopp seed && $(BIN)/fastopp serve

dev: setup ## the same, restarting on every change
	$(BIN)/fastopp migrate && $(BIN)/fastopp seed && $(BIN)/fastopp dev

test: setup browser ## every test, in SQLite, PostgreSQL and a real browser
	$(BIN)/pytest

check: setup ## style, types, templates and who may import whom
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/djlint app/templates --lint --quiet && $(BIN)/lint-imports

css: ## compile the stylesheet; the only thing that needs Node
	npm ci --ignore-scripts && npm run css

bench: setup browser ## every benchmark, a table each
	for each in latency load renderer wire products first_load imports registrants admin; do $(BIN)/python -m benchmarks.$$each || exit 1; done

demo: setup browser ## the main story in a real browser; leaves the README's pictures in docs/images/
	$(BIN)/python -m tests.e2e.demo

pins: setup ## pin the newest allowed versions
	for group in "" "--group dev"; do uv pip compile pyproject.toml $$group --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links -q -o requirements$${group:+-dev}.txt; done
