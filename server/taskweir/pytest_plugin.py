"""Fixtures for tests with a Cloud Tasks server; pytest finds them wherever taskweir is installed.

Fixtures: `taskweir`, a project of a server for this test alone, with all that can be asked of it; `taskweir_client`
and `taskweir_async_client`, clients of the official SDK; `taskweir_handler`, which records what tasks bring;
`taskweir_environ`, by which clients that the code under test builds itself find the server; `taskweir_async`, as
`taskweir` for `await`; `taskweir_server`, the server of the session, or of the xdist worker; `taskweir_settings`, to be
overridden with its settings.

After each test that had a project, the server is reset: all projects, faults and the clock are as at its start. Of a
server that `--taskweir-address` names, only the test's project is, and the clock goes with real time.

Marker: `taskweir_clock(at=None, *, frozen=True)` freezes the clock before the test.
"""

# ruff: noqa: PLC0415 - this is loaded in every run of pytest, with or without tests that use it

import os
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final, cast

import pytest

if TYPE_CHECKING:
    from google.cloud import tasks_v2

    from taskweir.testing import AsyncProject, Handler, Moment, Project, Server

_ONE_CLOCK: Final = (
    "--taskweir-address cannot be used with xdist: one server has one clock, which its workers would take from each "
    "other; without the address, each has a server of its own"
)
_NO_SETTINGS: Final = "taskweir_settings are for a server that is started, not for that of --taskweir-address"
_PROJECT: Final = pytest.StashKey["Project"]()
_SHOWN: Final = 100
"""Attempts of a failed test that the report shows."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """One option, which is an ini-file's too."""
    text = "HOST:PORT, or https://HOST:PORT, of a running server to use, by its gRPC port, in place of starting one"
    parser.getgroup("taskweir").addoption("--taskweir-address", default=None, help=text)
    parser.addini("taskweir_address", text, default="")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known. Raises UsageError for an address with xdist."""
    config.addinivalue_line(
        "markers",
        "taskweir_clock(at=None, *, frozen=True): before the test, stop the taskweir server's clock at a time such as "
        "'2026-01-01T00:00:00Z', or where it stands; frozen=False takes a marker of the class or module back.",
    )
    if _address(config) and config.getoption("dist", "no") != "no":
        raise pytest.UsageError(_ONE_CLOCK)


def _address(config: pytest.Config) -> str:
    """Of a server that runs, empty where one is to be started."""
    return str(config.getoption("taskweir_address") or config.getini("taskweir_address"))


@pytest.fixture(scope="session")
def taskweir_settings() -> Mapping[str, Any]:
    """Settings of the server, as `taskweir.testing.server` takes them. To be overridden."""
    return {}


@pytest.fixture(scope="session")
def taskweir_server(
    request: pytest.FixtureRequest, taskweir_settings: Mapping[str, Any]
) -> Iterator["Server"]:
    """The server of this session, or of this xdist worker; in a process of its own."""
    from taskweir import testing

    address = _address(request.config)
    if address and taskweir_settings:
        pytest.fail(_NO_SETTINGS, pytrace=False)
    with _connected(address) if address else testing.server(**taskweir_settings) as server:
        yield server


def _connected(address: str) -> "Server":
    """The token is in a variable, so that it is on no command line."""
    from taskweir import testing
    from taskweir.sdk import CA_FILE_VARIABLE, TOKEN_VARIABLE

    if not address.startswith("https://"):
        return testing.connect(address)
    token, ca_file = (os.environ.get(name, "") for name in (TOKEN_VARIABLE, CA_FILE_VARIABLE))
    return testing.connect(address, token=token, ca_file=ca_file)


@pytest.fixture
def taskweir(request: pytest.FixtureRequest, taskweir_server: "Server") -> Iterator["Project"]:
    """A project that only this test has. Afterwards the server is as it was at its start; of one that
    `--taskweir-address` names, nothing is left of the project, and the clock goes with real time."""
    if died := taskweir_server.running.hint():
        pytest.fail(f"{died}\nIt was that of all tests of this session.", pytrace=False)
    project = taskweir_server.project()
    request.node.stash[_PROJECT] = project
    with ExitStack() as last_first:
        last_first.callback(project.close_clients)
        if _address(request.config):
            last_first.callback(project.clock.resume)
            # Before that: what would be due in real time must not run now.
            last_first.callback(project.reset)
        else:
            last_first.callback(taskweir_server.reset)
        _freeze(request, project)
        yield project


def _freeze(request: pytest.FixtureRequest, project: "Project") -> None:
    marker = request.node.get_closest_marker("taskweir_clock")
    if marker is None:
        return
    try:
        at, is_wanted = _read_marker(*marker.args, **marker.kwargs)
    except TypeError as error:
        pytest.fail(str(error).replace(_read_marker.__name__, "@pytest.mark.taskweir_clock"), pytrace=False)
    if is_wanted:
        project.clock.freeze(at)


def _read_marker(at: "Moment | None" = None, *, frozen: bool = True) -> tuple["Moment | None", bool]:
    return at, frozen


@pytest.fixture(autouse=True, name="_taskweir_clock")
def heed_the_marker(request: pytest.FixtureRequest) -> None:
    """The marker freezes the clock also of a test that has no other use for the fixture."""
    if request.node.get_closest_marker("taskweir_clock") is not None:
        request.getfixturevalue("taskweir")


@pytest.fixture
def taskweir_client(taskweir: "Project") -> "tasks_v2.CloudTasksClient":
    """A client of the official SDK, `google.cloud.tasks_v2`."""
    return taskweir.client()


@pytest.fixture
def taskweir_async_client(taskweir: "Project") -> "tasks_v2.CloudTasksAsyncClient":
    """An asynchronous client of the official SDK, for the loop in which the test uses it."""
    from taskweir.testing.sdk_clients import LazyAsyncClient

    return cast("tasks_v2.CloudTasksAsyncClient", LazyAsyncClient(taskweir.grpc_address, taskweir.access))


@pytest.fixture
def taskweir_async(taskweir: "Project") -> Iterator["AsyncProject"]:
    """The project of `taskweir`, for `await`, in the loop in which the test uses it."""
    from taskweir.testing.async_server import AsyncServer
    from taskweir.testing.handlers import Handlers

    with Handlers() as handlers:
        yield AsyncServer(taskweir.server.running, handlers).project(taskweir.project)


@pytest.fixture
def taskweir_handler() -> Iterator["Handler"]:
    """A handler for tasks that records what it gets, and answers 200 unless it is told otherwise."""
    from taskweir.testing import Handler

    with Handler() as handler:
        yield handler


@pytest.fixture
def taskweir_environ(taskweir: "Project", monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    """Variables by which clients of the SDK find the server, set for this test: also those that are built without any
    argument, in this process and in programs that it starts."""
    from taskweir import sdk

    found = taskweir.environment()
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    sdk.install()
    return found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test's report tells what the server did for it."""
    report = yield
    project = item.stash.get(_PROJECT, None)
    if report.failed and report.when != "teardown" and project is not None:
        report.sections.append(("taskweir: attempts", _attempts(project)))
    return report


def _attempts(project: "Project") -> str:
    from taskweir.testing.attempt_table import attempt_table, clock_line

    try:
        attempts = project.attempts()
        clock = clock_line(project.clock.state())
    except Exception as error:  # the test's own failure must be reported, whatever the server does
        return f"could not be read: {error}"
    return f"{attempt_table(attempts, _SHOWN)}\n{clock}"
