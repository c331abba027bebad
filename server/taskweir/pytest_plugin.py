"""Fixtures for tests with a Cloud Tasks server; pytest finds them wherever taskweir is installed.

Fixtures: `taskweir`, a project of a server for this test alone, with all that can be asked of it; `taskweir_client`
and `taskweir_async_client`, clients of the official SDK; `taskweir_handler`, which records what tasks bring;
`taskweir_environ`, by which clients that the code under test builds itself find the server; `taskweir_async`, as
`taskweir` for `await`; `taskweir_server`, the server of the session, or of the xdist worker; `taskweir_settings`, to be
overridden with its settings.

Marker: `taskweir_clock(at=None, frozen=True)` freezes the clock before the test.
"""

# ruff: noqa: PLC0415 - this is loaded in every run of pytest, with or without tests that use it

from collections.abc import Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

import pytest

if TYPE_CHECKING:
    from google.cloud import tasks_v2

    from taskweir.testing import AsyncProject, Handler, Project, Server

_PROJECT: Final = pytest.StashKey["Project"]()
_SHOWN: Final = 100
"""Attempts of a failed test that the report shows."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """One option, which is an ini-file's too."""
    text = "HOST:PORT of a running server to use, by its gRPC port, in place of starting one"
    parser.getgroup("taskweir").addoption("--taskweir-address", default=None, help=text)
    parser.addini("taskweir_address", text, default="")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers",
        "taskweir_clock(at=None, frozen=True): before the test, stop the taskweir server's clock at a time such as "
        "'2026-01-01T00:00:00Z', or where it stands; frozen=False takes a marker of the class or module back.",
    )


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

    address = request.config.getoption("taskweir_address") or request.config.getini("taskweir_address")
    with testing.connect(address) if address else testing.server(**taskweir_settings) as server:
        yield server


@pytest.fixture
def taskweir(request: pytest.FixtureRequest, taskweir_server: "Server") -> Iterator["Project"]:
    """A project that only this test has; nothing is left of it afterwards, and the clock goes with real time."""
    project = taskweir_server.project()
    request.node.stash[_PROJECT] = project
    _freeze(request, project)
    yield project
    # In this order: what would be due in real time must not run now.
    project.reset()
    project.clock.resume()
    project.close_clients()


def _freeze(request: pytest.FixtureRequest, project: "Project") -> None:
    marker = request.node.get_closest_marker("taskweir_clock")
    if marker is not None and marker.kwargs.get("frozen", True):
        project.clock.freeze(marker.kwargs.get("at"))


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

    return cast("tasks_v2.CloudTasksAsyncClient", LazyAsyncClient(taskweir.grpc_address))


@pytest.fixture
def taskweir_async(taskweir: "Project") -> "AsyncProject":
    """The project of `taskweir`, for `await`, in the loop in which the test uses it."""
    from taskweir.testing.async_server import AsyncServer
    from taskweir.testing.handler import Handlers
    from taskweir.testing.server import Elsewhere

    running = Elsewhere(taskweir.grpc_address, taskweir.http_address)
    return AsyncServer(running, Handlers()).project(taskweir.project)


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
        attempts = project.attempts()[-_SHOWN:]
        clock = clock_line(project.clock.state())
    except Exception as error:  # the test's own failure must be reported, whatever the server does
        return f"could not be read: {error}"
    return f"{attempt_table(attempts) if attempts else 'None.'}\n{clock}"
