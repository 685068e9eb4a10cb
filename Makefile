# `make install` makes .venv with paybot in it; `make demo` starts the sandbox; `make test` runs every check.
PYTHON ?= python3
PORT ?= 8080
BIN := .venv/bin
SHARED ?= ../shared

.PHONY: install demo test crash digests replicas bench scale pictures lock clean

install: .venv/installed

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info < (3, 14) else "paybot needs Python 3.11 to 3.13; name one with PYTHON=")'
	$(PYTHON) -m venv .venv

.venv/installed: .venv/bin/python requirements/all.txt pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements/all.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv/tested: .venv/installed requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements/dev.txt
	@touch $@

demo: install
	@exec $(BIN)/paybot-sandbox --port $(PORT)

# Three at once on two cores: many tests wait for processes that are killed, stand still or keep a pace.
test: .venv/tested
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 3 --dist worksteal

# Kills the bot's alert process at every named point, 200 times at random and 200 times by SIGTERM, lets replicas stand still where
# there is a PostgreSQL, and counts what the channels hold (some 30 min).
crash: .venv/tested
	$(BIN)/python -m tests.crash.rig --kills 200 --terms 200 --points 5 --late 8

# Every date of twenty years in ten zones, with kills around the due times: one digest each (some 8 min).
digests: .venv/tested
	$(BIN)/python -m tests.digest.years

# Three processes on one PostgreSQL: 100 kills, 50 pauses and 20 cuts of the database while 5,000 transitions pass; then two
# `paybot serve`, 1,000 presses at both at once, and a database that is gone (some 25 min).
replicas: .venv/tested
	$(BIN)/python -m tests.replicas.rig

# NODE_MODULES= names a folder with the peers' packages for Node, which then take part.
bench: .venv/tested
	@test -d $(SHARED)/bench || { echo "make bench needs the peers in $(SHARED)/bench (name the folder with SHARED=)"; exit 2; }
	$(BIN)/python -m tests.bench $(SHARED)/bench $(NODE_MODULES)

# What one process carries, and a day of a company that is a hundred times as large (some ten minutes, 12 GB of memory).
scale: .venv/tested
	$(BIN)/python -m tests.bench.scale 100

# Makes the pictures of the README anew (needs Debian's chromium).
pictures: .venv/tested
	$(BIN)/python -m tests.pictures

# Writes the lock files anew (needs uv): for every Python that paybot runs on, with hashes and without hosts.
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate
lock:
	$(LOCK) --upgrade pyproject.toml -o requirements/bot.txt
	$(LOCK) -c requirements/bot.txt --extra sandbox pyproject.toml requirements/build.in -o requirements/all.txt
	$(LOCK) -c requirements/all.txt --extra sandbox --group dev pyproject.toml requirements/build.in -o requirements/dev.txt

clean:
	rm -rf .venv build dist
