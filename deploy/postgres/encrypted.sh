#!/bin/sh
# Starts PostgreSQL so that it talks to nobody in clear. It takes only a key that is its own and closed to others, which
# a mounted file is not.
set -eu
install -m 600 /run/secrets/postgres_identity /tmp/postgres_identity
exec docker-entrypoint.sh "$@" -c ssl=on -c ssl_cert_file=/tmp/postgres_identity -c ssl_key_file=/tmp/postgres_identity \
    -c hba_file=/deploy/encrypted_hba.conf
