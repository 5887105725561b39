#!/bin/sh
# What is not in the repository: secrets, from the folder that `make secrets` fills, and the mappings of membership files.
# given.sh FOLDER [MAPPINGS] [options of kubectl apply]. Repeating it gives a changed password to its login, and then the
# service wants `kubectl rollout restart`.
set -eu
folder=$1
mappings=${2:-samples/mapping}
[ $# -gt 2 ] && shift 2 || shift $#
namespace=sinh-hoat-chi-bo
made() { kubectl create -n $namespace --dry-run=client -o yaml "$@"; }
login() { # by the label the operator sees that the password was changed
    made secret generic "$1" --type kubernetes.io/basic-auth --from-literal username="$2" --from-file password="$folder/$3" |
        kubectl label --local -f - -o yaml cnpg.io/reload=true
}
{
    login schema-owner schema_owner postgres_password
    for service in membership meetings attendance evaluation reporting operations; do
        echo ---
        login $service-database $service ${service}_database_password
    done
    echo ---
    made secret generic membership-identity --from-file secret="$folder/membership_identity_secret"
    echo ---
    made secret generic reporting-login --from-file secret="$folder/reporting_oidc_client_secret"
    echo ---
    made configmap mappings --from-file "$mappings"
} | kubectl apply -f - "$@"
