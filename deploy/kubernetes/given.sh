#!/bin/sh
# What is not in the repository: secrets, from the folder that `make secrets` fills, and the mappings of membership files.
# given.sh FOLDER [MAPPINGS] [options of kubectl apply]. Repeating it gives a changed password to its login.
set -eu
folder=$1
mappings=${2:-samples/mapping}
[ $# -gt 2 ] && shift 2 || shift $#
namespace=sinh-hoat-chi-bo
login() { kubectl create secret generic "$1" -n $namespace --type kubernetes.io/basic-auth --from-literal username="$2" \
    --from-file password="$folder/$3" --dry-run=client -o yaml; }
{
    login schema-owner schema_owner postgres_password
    for service in membership meetings attendance evaluation reporting operations; do
        echo ---
        login $service-database $service ${service}_database_password
    done
    echo ---
    kubectl create secret generic membership-identity -n $namespace --from-file secret="$folder/membership_identity_secret" \
        --dry-run=client -o yaml
    echo ---
    kubectl create configmap mappings -n $namespace --from-file "$mappings" --dry-run=client -o yaml
} | kubectl apply -f - "$@"
