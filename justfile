# Each recipe is the plain command that CONTRIBUTING.md lists too; `just` is a convenience, not a need.

python := ".venv/bin/python"
compile := "uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url"

# What there is
default:
    @just --list --unsorted

# Install the locked development tools into .venv
[group('run')]
install:
    python3 -c "import run; run.install('requirements-dev.lock')"

# Start the hub with sample data
[group('run')]
up *options:
    python3 run.py up {{options}}

# All checks and tests, or these tiers
[group('check')]
test *tiers:
    python3 run.py test {{tiers}}

# The unit tests on every processor, under a minute
[group('check')]
unit *options:
    {{python}} -m pytest -q -n auto --dist worksteal tests/unit {{options}}

# ruff, mypy and the import contracts, and the tests that prove these
[group('check')]
lint:
    {{python}} -m tests.run lint

# The type checker alone
[group('check')]
types:
    {{python}} -m mypy

# Put the code into its form
[group('check')]
format:
    {{python}} -m ruff check --fix . && {{python}} -m ruff format .

# Branch coverage of the pure cores by unit tests; fails below 95 %
[group('measure')]
coverage:
    {{python}} -m pytest -q -n auto tests/unit --cov --cov-report=term-missing:skip-covered

# Mutants of the code that decides; or of one module
[group('measure')]
mutation *modules:
    {{python}} -m tests.mutation {{modules}}

# schemathesis on a hub of its own, so many seconds for each kind of caller
[group('check')]
fuzz seconds="300":
    {{python}} -m tests.fuzz {{seconds}}

# The hub beside bare libraries; --quick, --real, --write
[group('measure')]
bench *options:
    {{python}} -m bench {{options}}

# Derive schemas, AsyncAPI and docs/kinds.md anew; refuses to narrow a contract
[group('publish')]
contracts:
    {{python}} -m schemas.derive.publish

# Pin newer libraries, by hash and without an index; needs uv
[group('publish')]
lock:
    echo setuptools | {{compile}} - --all-extras -o requirements-dev.lock
    echo setuptools | {{compile}} - --extra real -c requirements-dev.lock -o requirements-real.lock
    {{compile}} -c requirements-dev.lock -o requirements.lock

# The services and their servers in containers
[group('publish')]
containers:
    sh deploy/new-env.sh
    docker compose up -d --build
