# Needs Python 3.11+, pip and make; everything else goes into .venv.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-slow test-browser docs bench golden clean

# One environment; it is set up again when pyproject.toml changes.
.venv/cli: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[cli]'
	touch $@

.venv/dev: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[docs,test]'
	touch $@ .venv/cli

.venv/bench: .venv/dev
	$(BIN)/python -m pip install --quiet --editable '.[bench]'
	touch $@

demo: .venv/cli
	@$(BIN)/costmodel predict mobilenet_cifar --hardware pardhi

test: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/pytest -m "not slow and not browser"
	$(MAKE) --no-print-directory docs

test-slow: .venv/dev
	$(BIN)/pytest -m slow

# The explorer's page in headless Chromium (or $$CHROMIUM); skipped where there is none.
test-browser: .venv/dev
	$(BIN)/pytest -m browser -rs tests/browser

docs: .venv/dev
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html
	$(BIN)/python docs/check_site.py docs/_build/html

bench: .venv/bench
	$(BIN)/pytest benchmarks --benchmark-only --benchmark-columns=min,median,max,rounds

# Write the golden tables anew; read the difference before you commit it.
golden: .venv/dev
	$(BIN)/pytest tests/golden --snapshot-update

clean:
	rm -rf .venv docs/_build build dist
