#!/bin/sh
# A database and a login for each service. Repeating it is harmless, and gives a login the password of its file.
set -eu
cd "$(dirname "$0")"
PGPASSWORD=$(cat /run/secrets/postgres_password)
export PGPASSWORD
for SERVICE in membership meetings attendance evaluation reporting operations; do
    export SERVICE
    psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 --file database.sql
done
echo 'databases and logins are there'
