"""Settings as keyword arguments."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from taskweir.command.arguments import read_arguments
from taskweir.command.configuration import configure
from taskweir.settings import TABLE
from taskweir.testing.server_settings import ServerSettings, serve_flags

FOR_OTHERS = {"tls_cert", "tls_key", "auth_token_file"}
NEVER = ["--tls-cert=", "--tls-key=", "--auth-token-file="]


def test_every_setting_of_the_command_can_be_given() -> None:
    """But for the control API, without which there would be nothing to steer with; and for what a server has that
    others reach."""
    settings = {setting.field for setting in TABLE}
    assert set(ServerSettings.__annotations__) == settings - {"control"} - FOR_OTHERS


def test_values_are_written_as_flags() -> None:
    """Those given come after the defaults, which they replace."""
    flags = serve_flags(
        {"queues": ["a", "b"], "strict": True, "task_tombstone": timedelta(milliseconds=1), "data": "d.db"}
    )
    assert flags == [
        "--control=on",
        *NEVER,
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


@pytest.mark.parametrize("name", sorted(FOR_OTHERS))
def test_what_is_for_a_server_that_others_reach_is_refused(name: str) -> None:
    """And the error says what there is instead."""
    said = f"{name} is for a server that others reach; one for tests is beside them: see connect()"
    with pytest.raises(TypeError, match=f"^{re.escape(said)}$"):
        serve_flags({name: "file"})  # type: ignore[misc]


def test_a_config_file_may_have_them(tmp_path: Path) -> None:
    """It is shared with a server that others reach; the test's has the rest of it."""
    (tmp_path / "empty").touch()
    config = tmp_path / "taskweir.yaml"
    config.write_text(
        f"auth-token-file: {tmp_path}/empty\ntls-cert: {tmp_path}/empty\ntls-key: {tmp_path}/empty\nproject: shop\n"
    )
    settings = configure(read_arguments(["serve", *serve_flags({"config": config})]), {})
    assert settings.project == "shop"
    assert {getattr(settings, name) for name in FOR_OTHERS} == {""}


@pytest.mark.parametrize("queues", ["mail", {"mail"}])
def test_queues_are_a_list(queues: object) -> None:
    """One name would be taken for a list of letters."""
    with pytest.raises(TypeError, match=r"queues is a list of names, not .*mail"):
        serve_flags({"queues": queues})  # type: ignore[typeddict-item]
