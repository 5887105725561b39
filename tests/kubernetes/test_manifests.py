"""The manifests as an API server takes them: complete, unprivileged, and each service with its own rights alone."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from deploy.local.system import PARTITIONS, PUBLISHERS, ROOT, SERVICES
from shared.messaging.topic import events_topic, progress_topic
from tests.fixtures.services import sources
from tests.kubernetes.cluster import Cluster, run

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(1800)]

MANIFESTS = ROOT / "deploy" / "kubernetes"
NAMESPACE = "sinh-hoat-chi-bo"
MADE_BY_OPERATORS = {"kafka-cluster-ca-cert", "postgres-ca", *SERVICES}
Objects = Sequence[Mapping[str, Any]]


@pytest.fixture(scope="module", params=["province", "small"])
def overlay(request: pytest.FixtureRequest) -> Path:
    return MANIFESTS / "overlays" / str(request.param)


@pytest.fixture(scope="module")
def objects(cluster: Cluster, overlay: Path) -> Objects:
    """Everything of an overlay, as the server has it, with defaults."""
    cluster.apply(f"--filename={MANIFESTS / 'base' / 'namespace.yaml'}")
    cluster.run("delete", "jobs", "--all", f"--namespace={NAMESPACE}")  # a Job cannot be changed
    said = cluster.apply(f"--kustomize={overlay}", "--output=json")
    taken: Objects = json.loads(said)["items"]
    return taken


def test_each_service_has_all_that_it_needs(objects: Objects) -> None:
    for service in SERVICES:
        for kind in ("ServiceAccount", "Service", "KafkaUser", "Database"):
            assert names(objects, kind) >= {service}
        assert names(objects, "Deployment") >= {service, f"{service}-worker"}
        assert names(objects, "PodDisruptionBudget") >= {service, f"{service}-worker"}
        assert names(objects, "Job") >= {f"{service}-migration"}


def test_no_pod_gets_rights_or_a_root_file_system_or_endless_memory(cluster: Cluster, objects: Objects) -> None:
    for owner, spec in pods(objects):
        status, said = tried(cluster, spec)
        assert status == 0, f"{owner}: {said}"
        [container] = spec["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"], owner
        assert set(container["resources"]["limits"]) == {"cpu", "memory"}, owner


def test_the_namespace_refuses_a_pod_that_may_be_root(cluster: Cluster, objects: Objects) -> None:
    _, spec = next(pods(objects))
    status, said = tried(cluster, {**spec, "securityContext": {}})
    assert status != 0
    assert "violates PodSecurity" in said


def test_liveness_and_readiness_are_asked_where_the_services_answer(objects: Objects) -> None:
    for owner, spec in pods(objects):
        if owner.startswith("Deployment") and not owner.endswith(("front-door", "-pull")):
            [container] = spec["containers"]
            assert container["livenessProbe"]["httpGet"]["path"] == "/health/live"
            assert container["readinessProbe"]["httpGet"]["path"] == "/health/ready"


def test_members_are_pulled_only_where_an_overlay_gives_a_source_and_by_one_process(
    cluster: Cluster, overlay: Path, objects: Objects, tmp_path: Path
) -> None:
    [given] = [item for item in of_kind(objects, "Deployment") if item["metadata"]["name"] == "membership-pull"]
    assert (given["spec"]["replicas"], given["spec"]["strategy"]["type"]) == (0, "Recreate")
    source = ["MEMBERSHIP_PULL_URL=https://nguon.example.vn/dang-vien"]
    chosen = {
        "resources": [os.path.relpath(overlay, tmp_path)],
        "namespace": NAMESPACE,
        "replicas": [{"name": "membership-pull", "count": 1}],
        "configMapGenerator": [{"name": "settings", "behavior": "merge", "literals": source}],
    }
    (tmp_path / "kustomization.yaml").write_text(json.dumps(chosen))
    selected = "--selector=app.kubernetes.io/component notin (migration)"  # a Job cannot be changed
    said = json.loads(cluster.apply(f"--kustomize={tmp_path}", "--dry-run=server", "--output=json", selected))["items"]
    [pull] = [item for item in of_kind(said, "Deployment") if item["metadata"]["name"] == "membership-pull"]
    [container] = pull["spec"]["template"]["spec"]["containers"]
    settings = {item["metadata"]["name"]: item["data"] for item in of_kind(said, "ConfigMap")}
    [named] = [source["configMapRef"]["name"] for source in container["envFrom"]]
    assert (pull["spec"]["replicas"], container["args"]) == (1, ["pull"])
    assert settings[named]["MEMBERSHIP_PULL_URL"] == "https://nguon.example.vn/dang-vien"


def test_only_a_service_writes_its_own_topics_and_it_reads_what_its_consumers_read(objects: Objects) -> None:
    for user in of_kind(objects, "KafkaUser"):
        if user["metadata"]["name"] not in SERVICES:
            continue
        service, rules = user["metadata"]["name"], user["spec"]["authorization"]["acls"]
        read = {f"{source}." for source in sources(service) - {service}}
        own = {events_topic(service), progress_topic(service)} if service in PUBLISHERS else set()
        assert topics(rules, "Write") == own
        assert topics(rules, "Read") == own | read
        assert not {"All", "Alter", "AlterConfigs", "Create", "Delete"} & {
            each for rule in rules for each in rule["operations"]
        }


def test_who_is_no_service_only_reads_events(objects: Objects) -> None:
    for user in of_kind(objects, "KafkaUser"):
        if user["metadata"]["name"] not in SERVICES:
            rules = user["spec"]["authorization"]["acls"]
            of_topics = [rule for rule in rules if rule["resource"]["type"] == "topic"]
            assert topics(of_topics, "Read") <= {events_topic(service) for service in PUBLISHERS}
            assert {each for rule in rules for each in rule["operations"]} == {"Read", "Describe"}
            assert user["spec"]["quotas"]["consumerByteRate"]


def test_every_log_has_the_topics_that_a_relay_demands(objects: Objects) -> None:
    topics = {topic["metadata"]["name"]: topic["spec"] for topic in of_kind(objects, "KafkaTopic")}
    assert set(topics) == {name for service in PUBLISHERS for name in (events_topic(service), progress_topic(service))}
    for service in PUBLISHERS:
        events, progress = topics[events_topic(service)], topics[progress_topic(service)]
        assert (events["partitions"], progress["partitions"]) == (PARTITIONS, 1)
        assert (events["config"]["retention.ms"], events["config"]["retention.bytes"]) == (-1, -1)
        assert progress["config"]["cleanup.policy"] == "compact"


def test_what_selects_pods_finds_some(objects: Objects) -> None:
    labels = [item["spec"]["template"]["metadata"]["labels"] for item in with_pods(objects)]
    for item in objects:
        wanted = selected(item)
        if wanted and not {"cnpg.io/cluster", "strimzi.io/cluster"} & set(wanted):
            assert any(wanted.items() <= pod.items() for pod in labels), item["metadata"]["name"]


def test_rolling_applies_every_object_once(cluster: Cluster, overlay: Path, objects: Objects, tmp_path: Path) -> None:
    stub, dry = tmp_path / "kubectl", ("--dry-run=server", "--output=name")
    stub.write_text(f'#!/bin/sh\n[ "$1" = apply ] || exit 0\nexec {cluster.kubectl} "$@" {" ".join(dry)}\n')
    stub.chmod(0o755)
    environment = [f"KUBECONFIG={cluster.config}", f"PATH={tmp_path}:{os.environ['PATH']}"]
    status, said = run(["env", *environment, "sh", str(MANIFESTS / "roll.sh"), str(overlay)])
    assert (status, len(said.splitlines())) == (0, len(objects)), said
    assert set(said.splitlines()) == set(cluster.apply(f"--kustomize={overlay}", *dry).splitlines())


def test_every_secret_is_given_or_made_by_an_operator(cluster: Cluster, objects: Objects) -> None:
    folders = [str(ROOT / "deploy" / "secrets.example"), str(ROOT / "samples" / "mapping")]
    script = ["sh", str(MANIFESTS / "given.sh"), *folders, "--dry-run=server", "--output=json"]
    status, said = run(["env", f"KUBECONFIG={cluster.config}", *script])
    assert status == 0, said
    given = list(of_kind(json.loads(said)["items"], "Secret"))
    wanted = {name for _, spec in pods(objects) for name in secrets(spec)}
    assert wanted <= {secret["metadata"]["name"] for secret in given} | MADE_BY_OPERATORS
    logins = [secret for secret in given if secret["type"] == "kubernetes.io/basic-auth"]
    assert len(logins) == len(SERVICES) + 1
    assert all(login["metadata"]["labels"] == {"cnpg.io/reload": "true"} for login in logins)


def topics(rules: Objects, operation: str) -> set[str]:
    return {rule["resource"]["name"] for rule in rules if operation in rule["operations"]}


def names(objects: Objects, kind: str) -> set[str]:
    return {item["metadata"]["name"] for item in of_kind(objects, kind)}


def of_kind(objects: Objects, kind: str) -> Iterator[Mapping[str, Any]]:
    return (item for item in objects if item["kind"] == kind)


def with_pods(objects: Objects) -> Iterator[Mapping[str, Any]]:
    return (item for item in objects if item["kind"] in {"Deployment", "Job"})


def pods(objects: Objects) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for item in with_pods(objects):
        yield f"{item['kind']} {item['metadata']['name']}", item["spec"]["template"]["spec"]


def tried(cluster: Cluster, spec: Mapping[str, Any]) -> tuple[int, str]:
    """What the server says to such a pod."""
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "tried", "namespace": NAMESPACE}, "spec": spec}
    return cluster.run("create", "--dry-run=server", "--filename=-", given=json.dumps(pod))


def selected(item: Mapping[str, Any]) -> Mapping[str, str]:
    spec = item.get("spec", {})
    if item["kind"] == "Service":
        return dict(spec["selector"])
    selector = spec.get("podSelector" if item["kind"] == "NetworkPolicy" else "selector", {})
    return dict(selector.get("matchLabels", {}))


def secrets(spec: Mapping[str, Any]) -> Iterator[str]:
    [container] = spec["containers"]
    for variable in container.get("env", []):
        reference = variable.get("valueFrom", {}).get("secretKeyRef")
        if reference and not reference.get("optional"):
            yield reference["name"]
    for volume in spec.get("volumes", []):
        for source in volume.get("projected", {}).get("sources", []):
            yield source["secret"]["name"]
