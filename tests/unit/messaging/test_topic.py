"""How records go to a broker: the records of a command in one batch, which it takes wholly or not at all."""

from aiokafka.producer.message_accumulator import BatchBuilder
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.envelope import Record
from shared.messaging.kafka_topic import BATCH_BYTES
from shared.messaging.topic import commands, requests

RECORDS = st.lists(
    st.builds(
        lambda size, headers, continues: Record(
            b"key", b"x" * size, (("tên", "ă".encode()), *((f"h{n}", b"") for n in range(headers))), continues
        ),
        st.integers(0, BATCH_BYTES // 3),
        st.integers(0, 3),
        st.booleans(),
    ),
    max_size=8,
)


def test_the_records_of_a_command_stay_together() -> None:
    sizes = [40, 40, 40, 900, 900, 40]
    continues = [False, True, False, False, True, False]
    records = [Record(b"k", b"x" * size, (), c) for size, c in zip(sizes, continues, strict=True)]
    assert [len(command) for command in commands(records)] == [2, 1, 2, 1]
    assert [len(part) for part in requests(records, 1000)] == [3, 2, 1]


@given(RECORDS)
def test_a_request_of_several_commands_fits_into_one_batch(records: list[Record]) -> None:
    parts = list(requests(records, BATCH_BYTES))
    assert [record for part in parts for record in part] == records
    for part in parts:
        if len(list(commands(part))) > 1:
            batch = BatchBuilder(BATCH_BYTES, 0)
            for record in part:
                taken = batch.append(timestamp=None, key=record.key, value=record.value, headers=list(record.headers))
                assert taken is not None
