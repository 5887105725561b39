#!/bin/sh
# Makes the secrets that are missing in a folder: secrets.sh FOLDER. What is there stays.
# The folder is closed to others; its files are readable, because each is mounted into containers of different users.
set -eu
folder=$1
umask 077
mkdir -p "$folder"
for example in "$(dirname "$0")"/secrets.example/*; do
    secret=$folder/${example##*/}
    [ -e "$secret" ] && continue
    head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' > "$secret"
    chmod 444 "$secret"
    echo "made $secret"
done
