"""What the tests of HTTP/2 share."""

from collections.abc import AsyncIterator

import pytest
from tests.api.http2.serving import Serving, serving


@pytest.fixture
async def served() -> AsyncIterator[Serving]:
    """All that was taken for calls is given back when they are over."""
    async with serving() as made:
        yield made
    assert made.common.budget.used == 0
    assert made.common.replies.used == 0
    assert not made.common.connections
