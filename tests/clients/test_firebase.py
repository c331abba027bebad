"""firebase-admin, which enqueues calls of task queue functions."""

import json
from collections.abc import Iterator

import pytest
from tests.clients import toolchains
from tests.clients.drive import Drive

import taskweir.testing
from taskweir.testing import Handler

pytestmark = pytest.mark.timeout(toolchains.INSTALL_TIMEOUT)

_FUNCTION = "resize"


@pytest.fixture
def functions() -> Iterator[Drive]:
    """A server that knows where functions run: at the handler."""
    with Handler() as handler, taskweir.testing.server(functions_url=handler.url()) as server:
        project = server.project()
        project.queue(_FUNCTION)
        yield Drive(project, handler)


def test_node_programs_call_their_functions(functions: Drive):
    """One task is enqueued for a URL and deleted; another, without a URL, comes to the function."""
    program = toolchains.HERE / "node" / "firebase_client.cjs"
    functions.run(["node", program, _FUNCTION], toolchains.node())
    _assert_called(functions, {"data": {"from": "Node"}})


def test_python_programs_call_their_functions(functions: Drive):
    """The same by the SDK for Python."""
    functions.run([toolchains.python(), toolchains.HERE / "python" / "firebase_client.py", _FUNCTION])
    _assert_called(functions, {"data": {"from": "Python"}})


def _assert_called(functions: Drive, data: object) -> None:
    assert json.loads(functions.delivered()) == data
    (request,) = functions.handler.requests
    assert request.path == f"/{functions.project}/us-central1/{_FUNCTION}"
