"""The rig for the tests of what steers."""

from collections.abc import AsyncIterator

import pytest
from tests.control.rig import Rig, steered


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with steered() as rig:
        yield rig
