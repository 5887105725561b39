"""The kept documents are those of the code, hold to their specifications, and say what a client has to know."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from faststream.specification.asyncapi.v3_0_0.schema import ApplicationSchema
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import ValidationError

from deploy.documents.__main__ import KEPT, TOPICS, current, main
from deploy.documents.applications import names
from shared.contracts.catalogue import all_events
from shared.messaging.asyncapi import asyncapi
from shared.web.problems import MEDIA_TYPE, TYPE_PREFIX
from shared.web.roles import Role

Document = dict[str, Any]
ENVELOPES = sorted((Path(__file__).parent / "golden" / "envelope").glob("*.json"))
PUBLIC_OPERATIONS = {"live", "ready", "metrics"}


def said(name: str) -> Document:
    """As the code says it, after a way through JSON."""
    document: Document = json.loads(json.dumps(current()[name]))
    return document


def operations() -> Iterator[tuple[str, Document, Document]]:
    """(where, operation, its document) of every service."""
    for name in names():
        document = said(f"{name}.openapi.json")
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                yield f"{name} {method.upper()} {path}", operation, document


def followed(part: Document, document: Document) -> Document:
    """What the part's reference names."""
    while "$ref" in part:
        found: Any = document
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        part = found
    return part


class TestKept:
    def test_documents_are_those_of_the_code(self, capsys: pytest.CaptureFixture[str]) -> None:
        status = main(["--check"])
        assert (status, capsys.readouterr().err) == (0, "")

    def test_a_difference_fails_the_check_and_is_exported(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main([], tmp_path) == 0
        assert [path.name for path in sorted(tmp_path.iterdir())] == sorted(current())
        (tmp_path / TOPICS).write_text("{}\n")
        assert main(["--check"], tmp_path) == 1
        assert f"{TOPICS}: differs from the code" in capsys.readouterr().err
        assert (main([], tmp_path), main(["--check"], tmp_path)) == (0, 0)

    def test_files_are_the_same_on_every_machine(self) -> None:
        for path in KEPT.iterdir():
            content = path.read_bytes()
            assert (b"\r" in content, content.endswith(b"}\n")) == (False, True), path


class TestServices:
    @pytest.mark.parametrize("name", names())
    def test_a_document_holds_to_openapi_3_1(self, name: str) -> None:
        assert [str(error) for error in OpenAPIV31SpecValidator(said(f"{name}.openapi.json")).iter_errors()] == []

    def test_operations_have_the_words_that_a_client_needs(self) -> None:
        for where, operation, _ in operations():
            assert operation["summary"], where
            assert not operation["description"].startswith("\n"), f"{where}: its function has no docstring"
            assert operation["tags"], where

    def test_operations_say_who_may_use_them_and_how(self) -> None:
        for where, operation, document in operations():
            is_open = operation["operationId"] in PUBLIC_OPERATIONS
            assert (operation["x-access"] == "everyone") == is_open, where
            if not is_open:
                assert operation["x-access"].keys() <= set(Role), where
                assert all(f"{role} (" in operation["description"] for role in operation["x-access"]), where
                [scheme] = operation["security"]
                assert document["components"]["securitySchemes"][next(iter(scheme))]["scheme"] == "bearer"

    def test_every_refusal_is_a_problem_and_a_closed_endpoint_can_refuse(self) -> None:
        for where, operation, document in operations():
            refusals = {status: followed(answer, document) for status, answer in operation["responses"].items()}
            if operation["operationId"] in PUBLIC_OPERATIONS:
                continue
            del refusals["200"]
            assert {"401", "403", "503"} <= refusals.keys(), where
            for refusal in refusals.values():
                assert followed(refusal["content"][MEDIA_TYPE]["schema"], document)["title"] == "Problem", where

    def test_a_command_needs_its_key_and_names_what_it_wrote(self) -> None:
        for where, operation, _ in operations():
            keys = [each for each in operation.get("parameters", ()) if each["name"] == "idempotency-key"]
            if keys:
                assert [each["required"] for each in keys] == [True], where
                assert "X-Log-Position" in operation["responses"]["200"]["headers"], where

    def test_refusals_name_the_types_of_this_service_alone(self) -> None:
        def conflicts(name: str) -> str:
            return str(said(f"{name}.openapi.json")["components"]["responses"]["Problem409"]["description"])

        assert TYPE_PREFIX in conflicts("attendance")
        assert "`roll-call-not-open`: The roll call has not begun." in conflicts("attendance")
        assert "roll-call-not-open" not in conflicts("reporting")

    @pytest.mark.parametrize("name", names())
    def test_a_document_names_the_front_doors_prefix(self, name: str) -> None:
        assert [server["url"] for server in said(f"{name}.openapi.json")["servers"]] == [f"/{name}"]


class TestTopics:
    def test_the_document_has_the_shape_of_asyncapi_3(self) -> None:
        document = said(TOPICS)
        ApplicationSchema.model_validate(document)
        document["operations"]["publishMeetingsEvents"]["action"] = "publish"  # as version 2 called it
        with pytest.raises(ValidationError):
            ApplicationSchema.model_validate(document)

    def test_every_type_is_a_message_of_its_logs_topic(self) -> None:
        channels = said(TOPICS)["channels"]
        for service, event_type in all_events():
            name = f"{event_type.__name__}.v{event_type.schema_version}"
            assert channels[f"{service}.events"]["messages"][name] == {"$ref": f"#/components/messages/{name}"}

    def test_examples_hold_to_the_messages_that_they_are_of(self) -> None:
        document = said(TOPICS)
        for message in document["components"]["messages"].values():
            schema = message["payload"] | {"components": document["components"]}
            jsonschema.Draft202012Validator.check_schema(schema)
            for example in message.get("examples", ()):
                jsonschema.validate(example["payload"], schema, cls=jsonschema.Draft202012Validator)

    def test_references_lead_somewhere(self) -> None:
        document = said(TOPICS)

        def look(part: Any) -> None:
            for item in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
                look(item)
            if isinstance(part, dict) and "$ref" in part:
                followed(part, document)

        look(document)

    @pytest.mark.parametrize("file", ENVELOPES, ids=lambda file: file.stem)
    def test_headers_are_those_of_a_record(self, file: Path) -> None:
        headers = dict(json.loads(file.read_text())["headers"])
        schema = said(TOPICS)["components"]["schemas"]["headers"]
        closed = schema | {"additionalProperties": False}
        jsonschema.validate(headers, closed, cls=jsonschema.Draft202012Validator)
        log = schema["properties"]["log"]["x-content-schema"] | {"additionalProperties": False}
        jsonschema.validate(json.loads(headers["log"]), log, cls=jsonschema.Draft202012Validator)

    def test_topics_are_called_and_cut_as_they_are_here(self) -> None:
        channel = asyncapi("tests-", 3)["channels"]["meetings.events"]
        assert channel["address"] == "tests-meetings.events"
        assert channel["bindings"]["kafka"]["partitions"] == 3
        assert channel["bindings"]["kafka"]["topicConfiguration"]["retention.ms"] == -1
