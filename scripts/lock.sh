#!/bin/sh
# Renews the lock files of the host's virtual environment: all platforms, hashes, no download addresses.
set -eu
cd "$(dirname "$0")/../requirements"
compile() {
    ../.venv/bin/uv pip compile "$@" --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-annotate --no-header --quiet
}
compile dev.in --output-file dev.lock
compile cli.in --constraint dev.lock --output-file cli.lock
compile pytest.in --constraint dev.lock --output-file pytest.lock
