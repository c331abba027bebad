"""Production's answers: what was recorded from the live service, and what its documentation says; on every surface.

All rows are asked of one server. One that was served may have changed something, so that the next begins anew.
"""

from collections import Counter
from collections.abc import AsyncIterator
from typing import Final

import aiohttp
import pytest
import pytest_asyncio
from tests.api.answers import LeftOut, Row, make_world
from tests.api.answers_about_queues import ROWS as ABOUT_QUEUES
from tests.api.answers_about_tasks import ROWS as ABOUT_TASKS
from tests.api.answers_about_the_rest import ROWS as ABOUT_THE_REST
from tests.api.answers_in_betas import in_version
from tests.api.answers_over_http import HttpRow, over_http
from tests.api.running import Running, running
from yarl import URL

from taskweir_pb.control.v1.control_pb2 import ResetRequest
from taskweir_pb.control.v1.control_pb2_grpc import ControlStub

pytestmark = pytest.mark.asyncio(loop_scope="module")

TABLE: Final = [*ABOUT_QUEUES, *ABOUT_TASKS, *ABOUT_THE_REST]
OVER_HTTP: Final = [(row, over_http(row)) for row in TABLE]
IN_BETAS: Final = [
    (version, row, in_version(row, version)) for version in ("v2beta3", "v2beta2") for row in TABLE
]


class World:
    """What the rows are about, on a server that many of them share."""

    def __init__(self, server: Running, session: aiohttp.ClientSession) -> None:
        self.server = server
        self.session = session
        self.is_new = False

    async def renew(self) -> None:
        if self.is_new:
            return
        control = ControlStub(self.server.channel)
        for project in ("p", "example.com:p"):
            await control.Reset(ResetRequest(parent=f"projects/{project}"))
        await make_world(self.server)
        self.is_new = True

    async def check(self, row: Row) -> None:
        """Code, message and details over gRPC are exactly those."""
        await self.renew()
        answer = await self.server.raw.refusal(row.rpc, row.request)
        self.is_new = answer is not None
        assert answer == row.answer

    async def check_http(self, row: HttpRow) -> None:
        """Status and envelope are exactly those."""
        await self.renew()
        url = URL(f"http://{self.server.server.http_address}{row.path}", encoded=True)
        async with self.session.request(row.method, url, json=row.body) as answer:
            content = await answer.json()
        self.is_new = "error" in content
        assert answer.status == row.status
        if row.envelope is not None:
            assert content == row.envelope


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world() -> AsyncIterator[World]:
    async with running() as server, aiohttp.ClientSession() as session:
        yield World(server, session)


def name(row: Row) -> str:
    return f"{row.rpc.rpartition('/')[2]}: {row.when}"[:80]


@pytest.mark.parametrize("row", TABLE, ids=map(name, TABLE))
async def test_the_answer_is_productions(world: World, row: Row) -> None:
    """Through v2 over gRPC, where all of it was recorded."""
    await world.check(row)


_ASKED: Final = [(row, asked) for row, asked in OVER_HTTP if isinstance(asked, HttpRow)]


@pytest.mark.parametrize("row", [asked for _, asked in _ASKED], ids=[name(row) for row, _ in _ASKED])
async def test_the_answer_is_the_same_over_http(world: World, row: HttpRow) -> None:
    """In the envelope, with the status of its code."""
    await world.check_http(row)


_BETA_ROWS: Final = [(version, asked) for version, _, asked in IN_BETAS if isinstance(asked, Row)]


@pytest.mark.parametrize(
    "row", [row for _, row in _BETA_ROWS], ids=[f"{version} {name(row)}" for version, row in _BETA_ROWS]
)
async def test_the_answer_is_the_same_in_the_betas(world: World, row: Row) -> None:
    """For what has the same meaning there, by the names of the version."""
    await world.check(row)


async def test_little_is_left_out() -> None:
    """And each for a reason, so that no row is dropped unseen."""
    left_out = Counter(asked for _, asked in OVER_HTTP if isinstance(asked, LeftOut))
    assert left_out == {
        LeftOut.NO_PATH: 60,
        LeftOut.NO_JSON: 9,
        LeftOut.EMPTY_MASK: 1,
        LeftOut.NO_METHOD: 1,
    }
    left_out_of = Counter((version, asked) for version, _, asked in IN_BETAS if isinstance(asked, LeftOut))
    assert left_out_of == {
        ("v2beta3", LeftOut.NO_METHOD): 6,
        ("v2beta3", LeftOut.OTHER_MEANING): 1,
        ("v2beta3", LeftOut.OTHER_NAME): 1,
        ("v2beta2", LeftOut.NO_METHOD): 26,
        ("v2beta2", LeftOut.NO_FIELD): 14,
        ("v2beta2", LeftOut.OTHER_MEANING): 2,
        ("v2beta2", LeftOut.OTHER_NAME): 2,
    }
