# Clew's one door for people: `make help` lists what there is.
# Nothing here needs root. Everything lands in .venv, target and clew-data of this folder.

SHELL := /bin/sh
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
# Stamps live in the environment, so that deleting it is enough to start again.
STAMPS := $(VENV)/stamps
DATA ?= clew-data
# The server that tests start, see tests/clickhouse.py.
CLICKHOUSE := target/clickhouse/node_modules/@chdb/lib-linux-x64-gnu/libchdb.so

# Clients of two years ago, for tests of what they make of our answers.
OLD_SDK := target/sdk-2024/stamp

# What the snippets of the "Send data" page install, for the tests that run them; only with setup-interop.
SNIPPETS := target/snippets-java/opentelemetry-javaagent.jar target/snippets-node/node_modules \
	target/snippets-go/stamp target/snippets-collector/otelcol
AGENT := io.opentelemetry.javaagent:opentelemetry-javaagent
AGENT_VERSION := 2.33.1

# The web UI: built by npm, given out by `clew serve`, part of the wheel.
UI := src/clew/ui/index.html
UI_SOURCES := $(shell find web/src web/tools web/index.html web/package-lock.json web/*.ts -type f 2>/dev/null)
NPM := npm --prefix web --silent

RUST_SOURCES := $(shell find rust -name '*.rs' -o -name Cargo.toml 2>/dev/null)

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

## Set up ------------------------------------------------------------------------------------------

.PHONY: setup
setup: $(STAMPS)/kernel $(UI) $(CLICKHOUSE) $(OLD_SDK) ## Make .venv: Python, locked dependencies, the Rust kernel in release mode; the UI

$(STAMPS)/tools: tools/find-tools.sh
	@PYTHON="$(PYTHON)" sh tools/find-tools.sh "$(VENV)"
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/requirements: requirements/dev.txt $(STAMPS)/tools
	@echo "clew: installing the locked dependencies" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

$(STAMPS)/kernel: $(STAMPS)/requirements pyproject.toml Cargo.toml Cargo.lock $(RUST_SOURCES)
	@echo "clew: building the Rust kernel in release mode (minutes the first time)" >&2
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--no-build-isolation --no-deps --editable .
	@touch $@

web/node_modules/.stamp: web/package-lock.json
	@echo "clew: installing what the UI is built with" >&2
	@$(NPM) ci --ignore-scripts --no-audit --no-fund
	@touch $@

# Who has no Node still gets everything but the UI.
$(UI): $(UI_SOURCES) tools/find-node.sh
	@if sh tools/find-node.sh; then $(MAKE) --silent ui; fi

.PHONY: ui
ui: web/node_modules/.stamp ## Build the web UI into src/clew/ui
	@sh tools/find-node.sh
	@echo "clew: building the UI" >&2
	@$(NPM) run build -- --logLevel warn

# 178 MB to fetch, 567 MB on disk. Who only runs Clew, or has no npm, does without: only tests need it.
$(CLICKHOUSE): requirements/clickhouse/package-lock.json
	@if command -v npm >/dev/null && [ "$$(uname -sm)" = "Linux x86_64" ]; then \
		echo "clew: installing the ClickHouse server for tests" >&2; \
		mkdir -p target/clickhouse && cp requirements/clickhouse/*.json target/clickhouse/ && \
		npm ci --silent --ignore-scripts --no-audit --no-fund --prefix target/clickhouse && touch $@ || \
		echo "clew: that failed: the tests that need it will fail too, all else works" >&2; \
	else \
		echo "clew: no npm on Linux x86_64: tests will leave out the ClickHouse server" >&2; \
	fi

$(OLD_SDK): requirements/sdk-2024.txt $(STAMPS)/tools
	@echo "clew: installing the OpenTelemetry SDK of 2024 for tests" >&2
	@$(BIN)/python -m venv target/sdk-2024
	@target/sdk-2024/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		-r requirements/sdk-2024.txt
	@touch $@

# Each is left out where its toolchain is missing: the test then says so.
.PHONY: setup-interop
setup-interop: $(SNIPPETS) ## Install what the tests of snippets run: Java agent, Node SDK, Go SDK, Collector (minutes the first time)

target/snippets-java/opentelemetry-javaagent.jar: requirements/snippets-java/agent.sha256
	@if command -v mvn >/dev/null && command -v javac >/dev/null; then \
		echo "clew: fetching the Java agent for tests" >&2; \
		mvn --quiet --batch-mode dependency:copy -Dartifact=$(AGENT):$(AGENT_VERSION) \
			-DoutputDirectory="$(CURDIR)/$(@D)" >&2 && \
		(cd $(@D) && sha256sum --quiet --check "$(CURDIR)/$<") && \
		mv $(@D)/opentelemetry-javaagent-$(AGENT_VERSION).jar $@ && touch $@; \
	else echo "clew: no Maven or no JDK: the snippet for Java is not tested" >&2; fi

target/snippets-node/node_modules: requirements/snippets-node/package-lock.json
	@if command -v npm >/dev/null; then \
		echo "clew: installing OpenTelemetry for Node.js for tests" >&2; \
		mkdir -p $(@D) && cp requirements/snippets-node/*.json $(@D)/ && \
		npm ci --silent --ignore-scripts --no-audit --no-fund --prefix $(@D) && touch $@; \
	else echo "clew: no npm: the snippet for Node.js is not tested" >&2; fi

# Built once, so that the test finds it in Go's cache.
target/snippets-go/stamp: requirements/snippets-go/go.sum $(wildcard web/src/pages/send/snippets/templates/go-*.go)
	@if command -v go >/dev/null; then \
		echo "clew: building the snippet for Go" >&2; \
		mkdir -p $(@D) && cp requirements/snippets-go/go.* $(@D)/ && \
		cp web/src/pages/send/snippets/templates/go-*.go $(@D)/ && \
		(cd $(@D) && go build -o app .) && touch $@; \
	else echo "clew: no Go: the snippet for Go is not tested" >&2; fi

target/snippets-collector/otelcol: requirements/snippets-collector/go.sum requirements/snippets-collector/main.go
	@if command -v go >/dev/null; then \
		echo "clew: building a Collector for tests (minutes the first time)" >&2; \
		mkdir -p $(@D) && out="$(CURDIR)/$@" && cd requirements/snippets-collector && go build -o "$$out" .; \
	else echo "clew: no Go: the snippet for the Collector is not tested" >&2; fi

.PHONY: lock
lock: $(STAMPS)/tools ## Write requirements/dev.txt anew from what pyproject.toml and dev.in ask for
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check pip-tools
	@$(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header \
		--no-emit-index-url --no-emit-find-links --extra server \
		--output-file requirements/dev.txt requirements/dev.in pyproject.toml
	@$(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header \
		--no-emit-index-url --no-emit-find-links --output-file requirements/sdk-2024.txt \
		requirements/sdk-2024.in

## Use ---------------------------------------------------------------------------------------------

.PHONY: run
run: setup ## Start Clew; its data is in clew-data (DATA=… for another folder)
	@CLEW_DATA_DIR="$${CLEW_DATA_DIR:-$(DATA)}" exec $(BIN)/clew serve

.PHONY: demo
demo: setup ## Start Clew with a small stream of realistic traces, and print the addresses
	@CLEW_DATA_DIR="$${CLEW_DATA_DIR:-$(DATA)}" PATH="$(CURDIR)/$(BIN):$$PATH" exec sh tools/demo.sh

.PHONY: wheel
wheel: setup ui ## Build the wheel into dist
	@$(BIN)/maturin build --release --quiet --out dist

## Work on it --------------------------------------------------------------------------------------

.PHONY: test
test: setup ## Run the tests; CLEW_THOROUGH=1: the long ones too, as continuous integration does
	@if sh tools/find-node.sh; then $(NPM) test -- --silent=passed-only; fi
	@cargo test --workspace --locked --quiet
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile $(if $(filter 1,$(CLEW_THOROUGH)),-m "")

# How long each target gets; `make test` gives each less than half a second.
SECONDS ?= 60

.PHONY: fuzz
fuzz: setup ## Feed the parsers nonsense: SECONDS=60 for each in Rust, as many changes as that takes in Python
	@CLEW_FUZZ_SECONDS=$(SECONDS) RUSTC_WORKSPACE_WRAPPER=$(CURDIR)/tools/rustc-with-coverage.sh \
		LLVM_PROFILE_FILE=/dev/null \
		cargo test --profile fuzz --package clew-kernel --lib --locked --quiet fuzz:: -- \
		--test-threads 1 --nocapture
	@CLEW_FUZZ_SECONDS=$(SECONDS) $(BIN)/python -m pytest --numprocesses auto --timeout 0 \
		-k changed $$(grep -rl tests.fuzz tests --include='test_*.py')

.PHONY: e2e
e2e: setup web/node_modules/.stamp ## Use the UI in a real browser: Debian's Chromium, or CHROMIUM_PATH (ARGS='error.spec.ts')
	@CLEW_PYTHON="$(CURDIR)/$(BIN)/python" $(NPM) run e2e -- $(ARGS)

.PHONY: check
check: setup ## Format, lint, types, import rules, file sizes, Rust lints, the kernel's stub, the UI
	@$(BIN)/ruff format --check --quiet . || { echo "clew: run make fix" >&2; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache --no-logo
	@$(BIN)/python tools/sizes.py
	@cargo fmt --all --check
	@cargo clippy --workspace --all-targets --locked --quiet -- -D warnings
	@cargo clippy --package clew-kernel --features python --locked --quiet -- -D warnings
	@$(BIN)/stubtest clew._kernel --mypy-config-file pyproject.toml
	@$(BIN)/python tools/openapi.py --check
	@if sh tools/find-node.sh; then $(NPM) run check && $(NPM) run types:check; fi

.PHONY: fix
fix: setup ## Format, and mend what the linters can mend
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format --quiet .
	@cargo fmt --all
	@if sh tools/find-node.sh; then $(NPM) run fix; fi

.PHONY: types
types: $(STAMPS)/kernel web/node_modules/.stamp ## Write what the UI knows of the API: web/openapi.json and the types made from it
	@$(BIN)/python tools/openapi.py
	@$(NPM) run types

.PHONY: reference
reference: setup ## Write docs/reference from the program
	@$(BIN)/python tools/reference.py

.PHONY: screenshots
screenshots: setup web/node_modules/.stamp ## Write docs/images anew, from the demo shop in a real browser
	@CLEW_PYTHON="$(CURDIR)/$(BIN)/python" $(NPM) run screenshots

.PHONY: bench-ui
bench-ui: setup web/node_modules/.stamp ## Measure traces of 1 k, 10 k and 100 k spans in a real browser; into bench/RESULTS.md
	@$(BIN)/python -m bench --only ui --keep $(ARGS)

.PHONY: bench
bench: setup ## Measure: throughput, latency, disk, kills; writes bench/RESULTS.md (ARGS='--only door --keep')
	@$(BIN)/python -m bench $(ARGS)

.PHONY: ci
ci: check test e2e ## What the continuous integration runs

.PHONY: clean
clean: ## Delete everything that was built; data stays
	@rm -rf $(VENV) target dist src/clew/ui web/node_modules
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find src -name '_kernel*.so' -delete
