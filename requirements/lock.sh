#!/bin/sh
# Locks requirements/*.in with hashes. No index is written into the locks: each machine installs from its own.
set -eu
uv=$1
compile() {
    "$uv" pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --no-header "$@"
}
compile requirements/runtime.in --output-file requirements/runtime.txt
compile requirements/dev.in --constraints requirements/runtime.txt --output-file requirements/dev.txt
