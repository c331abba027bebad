"""Settings as keyword arguments."""

from datetime import timedelta

import pytest

from taskweir.settings import TABLE
from taskweir.testing.server_settings import ServerSettings, serve_flags


def test_every_setting_of_the_command_can_be_given() -> None:
    """But for the control API, without which there would be nothing to steer with."""
    assert set(ServerSettings.__annotations__) == {setting.field for setting in TABLE} - {"control"}


def test_values_are_written_as_flags() -> None:
    """Those given come after the defaults, which they replace."""
    flags = serve_flags(
        {"queues": ["a", "b"], "strict": True, "task_tombstone": timedelta(milliseconds=1), "data": "d.db"}
    )
    assert flags == [
        "--control=on",
        "--port=0",
        "--http-port=0",
        "--data=d.db",
        "--drain-timeout=0s",
        "--log-level=warning",
        "--queue=a",
        "--queue=b",
        "--strict=true",
        "--task-tombstone=1000us",
    ]


def test_a_setting_that_there_is_not_is_refused() -> None:
    """As a wrong keyword argument is."""
    with pytest.raises(TypeError, match="there is no setting 'queue'"):
        serve_flags({"queue": "mail"})  # type: ignore[typeddict-unknown-key]


@pytest.mark.parametrize("queues", ["mail", {"mail"}])
def test_queues_are_a_list(queues: object) -> None:
    """One name would be taken for a list of letters."""
    with pytest.raises(TypeError, match=r"queues is a list of names, not .*mail"):
        serve_flags({"queues": queues})  # type: ignore[typeddict-item]
