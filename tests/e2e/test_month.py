"""From a membership file to the province's figures, through every service, on real PostgreSQL and Kafka."""

import asyncio
import os
import subprocess
import sys
from collections import Counter

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.local.system import PARTITIONS, PUBLISHERS
from samples.demo.job import SEED
from samples.month import PERIOD, Course, Official, plan_month
from samples.province.make import make_province
from shared.messaging.topic import events_topic, progress_topic
from shared.web.access import READERS
from shared.web.roles import Role
from tests.e2e.asking import Door
from tests.e2e.conftest import Played

pytestmark = pytest.mark.timeout(300)


def test_the_figures_say_what_was_played(played: Played) -> None:
    months = plan_month(make_province(SEED, "small"), SEED)
    courses = Counter(month.course for month in months)
    figures = played.report["unit"]["figures"]
    assert figures["cells"] == len(months)
    assert figures["met"] == courses[Course.HELD] + courses[Course.HELD_ENTERED_LATE]
    assert figures["not_held"] == courses[Course.NOT_HELD]
    assert figures["not_reported"] == courses[Course.SILENT]
    held = [month.held for month in months if month.held]
    assert figures["thematic_meetings"] == sum(meeting.thematic for meeting in held)
    assert figures["speakers"] == sum(meeting.speakers for meeting in held)
    assert figures["minutes"] == sum(meeting.minutes for meeting in held)
    assert figures["guests"] == sum(meeting.guests for meeting in held)
    assert figures["self_scored"] == len(held)
    assert figures["awaiting_rating"] == sum(meeting.official is Official.AWAITING for meeting in held)


def test_every_expected_member_is_counted_once(played: Played) -> None:
    figures = played.report["unit"]["figures"]
    months = plan_month(make_province(SEED, "small"), SEED)
    assert figures["expected"] == sum(month.held.expected for month in months if month.held)
    parts = ("attended", "partly", "excused", "unexcused", "unknown")
    assert figures["expected"] == sum(figures[part] for part in parts)
    assert figures["partly"] == sum(len(month.held.left_early) for month in months if month.held)


def test_recount_finds_no_difference(played: Played) -> None:
    environment = {**os.environ, **played.system.environments["reporting"]}
    arguments = [sys.executable, "-m", "services.reporting", "recount"]
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "recount: 0 differences" in done.stdout


def test_no_topic_holds_a_name_a_birth_date_or_a_text(played: Played) -> None:
    province = make_province(SEED, "small")
    forbidden = {member.name for member in province.members} | {member.code for member in province.members}
    forbidden |= {"Nhà văn hóa, ", "Biên bản sinh hoạt tháng", "Nghị quyết tháng 3", "Chỉ tiêu 1 tháng", "Tài liệu 1 "}
    records = asyncio.run(_everything(played.system.kafka))
    assert len(records) > 500
    found = [word for word in forbidden if any(word.encode() in record for record in records)]
    assert found == []


def test_the_province_page_shows_the_figures(played: Played) -> None:
    page = Door(played, played.actors.board).get(f"/reporting/pages/{played.actors.province}/{PERIOD}")
    assert page.status_code == 200
    assert played.actors.province_name in page.text
    assert f"{played.report['unit']['figures']['expected']}" in page.text.replace(".", "")


def test_another_cells_secretary_sees_nothing_of_it(played: Played) -> None:
    first, second, *_ = played.actors.cells.values()
    answer = Door(played, first.secretary).get(f"/reporting/reports/{second.unit_id}/{PERIOD}")
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"


def test_every_role_has_a_token_and_all_readers_see_the_same_cell(played: Played) -> None:
    tokens = played.actors.tokens
    assert set(tokens) == set(Role)
    cell = next(cell for cell in played.actors.cells.values() if cell.secretary == tokens[Role.SECRETARY])
    path = f"/reporting/reports/{cell.unit_id}/{PERIOD}"
    opened = {role for role in Role if Door(played, tokens[role]).get(path).is_success}
    assert opened == set(READERS)


def test_operations_show_every_service_without_lag(played: Played) -> None:
    answer = Door(played, played.actors.tokens[Role.OPERATOR]).get("/operations/status")
    services = {service["service"]: service for service in answer.json()["services"]}
    assert set(services) >= {"membership", "meetings", "attendance", "evaluation", "reporting"}
    assert answer.status_code == 200


async def _everything(bootstrap: str) -> list[bytes]:
    """Every record of every topic: key, value and headers as one."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    try:
        places = [TopicPartition(events_topic(name), place) for name in PUBLISHERS for place in range(PARTITIONS)]
        places += [TopicPartition(progress_topic(name), 0) for name in PUBLISHERS]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        records: list[bytes] = []
        while any([await consumer.position(place) < end for place, end in ends.items()]):
            for batch in (await consumer.getmany(timeout_ms=500)).values():
                records += [
                    b"|".join([record.key or b"", record.value or b"", *(value for _, value in record.headers)])
                    for record in batch
                ]
        return records
    finally:
        await consumer.stop()
