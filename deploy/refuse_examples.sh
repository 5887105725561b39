#!/bin/sh
# Refuses secrets of the repository's examples outside the demo, before anything is set up with them.
set -eu
[ "${DEMO:-false}" = true ] && exit 0
for secret in /run/secrets/*; do
    case $(cat "$secret") in
        '') echo "secret ${secret##*/} is empty: make your own with 'make secrets'" >&2; exit 1 ;;
        example-*) echo "secret ${secret##*/} is an example that everybody can read: make your own with 'make secrets'" >&2; exit 1 ;;
    esac
done
