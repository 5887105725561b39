"""The membership service on a database of its own, with the files of the smallest sample."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from samples.province import Province, make_province
from samples.province.files import IMPORTS, write_files
from services.membership.app import SERVICE
from services.membership.settings import MembershipSettings
from shared.service import ClientSettings
from shared.web.roles import Role
from tests.integration.inprocess import InProcess, bearer, running

MACHINE = bearer(client_id="hr-system")
AS_OF = "2026-03-01"


class Sender:
    """Sends files as the machine of the membership system."""

    def __init__(self, service: InProcess, folder: Path) -> None:
        self.service = service
        self.folder = folder

    async def send(self, mapping: str, content: bytes, as_of: str = AS_OF, token: str = MACHINE) -> httpx.Response:
        return await self.service.client.post(
            "/imports",
            files={"file": ("file", content)},
            data={"mapping": mapping, "as_of": as_of},
            headers={"Authorization": token},
        )

    async def preview(self, mapping: str, content: bytes, as_of: str = AS_OF) -> dict:  # type: ignore[type-arg]
        answer = await self.send(mapping, content, as_of)
        assert answer.status_code == 200, answer.text
        preview: dict = answer.json()  # type: ignore[type-arg]
        return preview

    async def apply(self, import_id: str, leave_out: list[int] | None = None) -> httpx.Response:
        return await self.service.client.post(
            f"/imports/{import_id}/apply",
            json={"leave_out": leave_out or []},
            headers={"Authorization": MACHINE, "Idempotency-Key": str(uuid4())},
        )

    async def applied(self, mapping: str, content: bytes, as_of: str = AS_OF) -> dict:  # type: ignore[type-arg]
        """The preview of a file that was then applied."""
        preview = await self.preview(mapping, content, as_of)
        answer = await self.apply(preview["import_id"])
        assert answer.status_code == 200, answer.text
        return preview

    async def all(self) -> None:
        """The whole province, and what the directory learns of it."""
        for mapping, name in IMPORTS:
            await self.applied(mapping, (self.folder / name).read_bytes())
        await self.service.deliver()

    async def get(self, path: str) -> httpx.Response:
        return await self.service.get(path, Authorization=MACHINE)


@pytest.fixture(scope="session")
def province() -> Province:
    return make_province(scale="small")


@pytest.fixture(scope="session")
def folder(province: Province, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_files(province, tmp_path_factory.mktemp("province"))


@pytest.fixture
async def sender(service_database: Callable[[str], Awaitable[str]], folder: Path) -> AsyncIterator[Sender]:
    url = await service_database("membership")
    settings = MembershipSettings(
        database_url=url,
        identity_secret="only for this test",
        clients={"hr-system": ClientSettings(role=Role.INTEGRATOR)},
    )
    async with running(SERVICE, url, settings) as service:
        yield Sender(service, folder)
