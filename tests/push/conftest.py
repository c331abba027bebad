"""The bench for the tests of the worker."""

from collections.abc import AsyncIterator

import pytest
from tests.push.bench import Bench, opened


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with opened() as bench:
        yield bench
