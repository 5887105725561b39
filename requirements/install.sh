#!/bin/sh
# Makes or updates a virtual environment from a lock with hashes: install.sh VENV LOCK.
# What usually goes wrong on a fresh machine is said in one line; pip's own words stay in .run/env.log.
set -eu
venv=$1 lock=$2 python=${PYTHON:-python3.11}

fail() { printf 'make env: %s\n' "$1" >&2; exit 1; }

command -v "$python" >/dev/null 2>&1 || fail "$python is not on the PATH. Install Python 3.11, or name another: make env PYTHON=python3.12"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "$python is older than Python 3.11. Name another: make env PYTHON=python3.11"
"$python" -c 'import ensurepip, venv' 2>/dev/null || fail "$python lacks the venv module. Install it (Debian, Ubuntu: the package python3.11-venv)"

log=.run/env.log
mkdir -p .run 2>/dev/null || fail "cannot write to $(pwd)"
explain() {
    if grep -qiE 'no space left|errno 28' "$log"; then fail "the disk is full (needs about 1 GB in $(pwd) and the temporary folder)"
    elif grep -q 'DO NOT MATCH THE HASHES' "$log"; then fail "a download differs from its hash in $lock; see $log"
    elif grep -qiE 'name resolution|connection (refused|reset|broken)|timed out|unreachable|max retries|NewConnectionError|from versions: none' "$log"; then
        fail "no network: the package index did not answer; see $log"
    elif grep -qiE 'no matching distribution|could not find a version|failed building wheel|metadata-generation-failed' "$log"; then
        fail "no wheel for this machine: $(grep -iEm1 'could not find a version|no matching|failed building|metadata' "$log" | sed 's/ (from.*//')"
    else fail "pip failed: $(grep -m1 -i error "$log" || tail -n 1 "$log"); see $log"
    fi
}

echo "make env: installing the locked requirements into $venv (one to two minutes the first time)"
"$venv/bin/python" -m pip --version >/dev/null 2>&1 || "$python" -m venv --clear "$venv" >"$log" 2>&1 || explain
"$venv/bin/python" -m pip install --disable-pip-version-check --no-input --require-hashes --only-binary :all: \
    --requirement "$lock" >"$log" 2>&1 || explain
