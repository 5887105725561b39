#!/bin/sh
# Brings a cluster to what an overlay says: roll.sh OVERLAY. The first time and at every upgrade: servers, topics and
# settings, then all schemas, then consumers before producers, each service only when the one before serves.
set -eu
overlay=$1
namespace=sinh-hoat-chi-bo
part=app.kubernetes.io
within=${WITHIN:-15m}

kubectl apply -k "$overlay" --selector "$part/component notin (api, worker, pull, migration)"
kubectl wait -n $namespace --for=condition=Ready clusters.postgresql.cnpg.io/postgres kafkas.kafka.strimzi.io/kafka \
    --timeout "$within"
kubectl wait -n $namespace --for=jsonpath='{.status.applied}'=true databases.postgresql.cnpg.io --all --timeout "$within"

# A Job cannot be changed, only made anew.
kubectl delete -n $namespace job --selector $part/component=migration --ignore-not-found
kubectl apply -k "$overlay" --selector $part/component=migration
kubectl wait -n $namespace --for=condition=Complete job --selector $part/component=migration --timeout "$within"

for service in operations reporting evaluation attendance meetings membership; do
    kubectl apply -k "$overlay" --selector "$part/name=$service,$part/component in (api, worker, pull)"
    kubectl rollout status -n $namespace deployment --selector "$part/name=$service" --timeout "$within"
done
