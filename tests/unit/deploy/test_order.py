"""Services are named producers first, so that an upgrade, in the reverse order, meets consumers before producers."""

from deploy.local.system import PUBLISHERS, SERVICES
from tests.fixtures.services import sources


def test_no_service_reads_the_log_of_one_that_is_named_after_it() -> None:
    read_too_early = [
        (service, source)
        for place, service in enumerate(SERVICES)
        for source in sources(service)
        if SERVICES.index(source) > place
    ]
    assert read_too_early == []
    assert set(PUBLISHERS) == {source for service in SERVICES for source in sources(service)}
