#!/bin/sh
# Renews the lock files of the images of this folder: Python 3.13 on Linux, hashes, no download addresses.
set -eu
cd "$(dirname "$0")"
compile() {
    ../.venv/bin/uv pip compile "$@" --universal --python-version 3.13 --generate-hashes \
        --no-emit-index-url --no-annotate --no-header --quiet
}
compile requirements-build.in --output-file requirements-build.lock
compile requirements.in --output-file requirements.lock
compile docker-api/requirements.in --output-file docker-api/requirements.lock
compile notebook/requirements.in --constraint ../spark/requirements.lock --output-file notebook/requirements.lock
