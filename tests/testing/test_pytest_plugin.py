"""The fixtures, the marker and the report, in runs of pytest of their own."""

import subprocess
import sys
from pathlib import Path

import grpc
import pytest

from taskweir import testing

pytest_plugins = ["pytester"]

WARNINGS = (
    "-W",
    "error",
    "-W",
    "ignore:Package google:FutureWarning",
    "-W",
    "ignore:grpcio:FutureWarning",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:hypothesispytest",
)
"""Google's packages announce what they will need some day, whenever an older grpcio is installed. Hypothesis, which none
of these suites uses, would take half of a run's time."""


INI = "[pytest]\nasyncio_default_fixture_loop_scope = function\n"


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    """A folder for a suite, in which pytest-asyncio is as users have it who have set nothing."""
    pytester.makeini(INI)
    return pytester


def run(suite: pytest.Pytester, code: str, *arguments: str) -> pytest.RunResult:
    suite.makepyfile(code)
    return suite.runpytest_subprocess(*WARNINGS, *arguments)


def test_a_test_has_a_project_client_and_handler(suite: pytest.Pytester) -> None:
    """Nothing of it is there in the next test, which has the same server."""
    result = run(
        suite,
        """
        import pytest
        from taskweir.testing import Handler, Project, Server

        seen = []

        @pytest.mark.parametrize("round", [1, 2])
        def test_it(taskweir, taskweir_client, taskweir_handler, taskweir_server, round):
            assert isinstance(taskweir, Project)
            assert isinstance(taskweir_handler, Handler)
            assert taskweir.server is taskweir_server
            assert not taskweir.clock.is_frozen
            assert taskweir_server.attempts() == []
            assert list(taskweir_client.list_queues(parent=taskweir.location_name)) == []
            queue = taskweir.queue("mail")
            task = {"http_request": {"url": taskweir_handler.url("/a")}}
            taskweir_client.create_task(parent=queue, task=task)
            taskweir.wait_idle()
            assert [attempt.status for attempt in taskweir.attempts()] == [200]
            taskweir.clock.freeze("2040-01-01T00:00:00Z")
            seen.append((taskweir.project, taskweir.grpc_address))

        def test_they_were_two():
            (one, address), (two, same) = seen
            assert one != two
            assert address == same
        """,
    )
    result.assert_outcomes(passed=3)


def test_the_marker_freezes_the_clock_before_the_test(suite: pytest.Pytester) -> None:
    """On modules, classes and tests, the nearest counts; also where the test has no other use for the fixtures."""
    result = run(
        suite,
        """
        import pytest
        from datetime import UTC, datetime

        pytestmark = pytest.mark.taskweir_clock(at="2030-01-01T00:00:00Z")

        def test_of_the_module(taskweir):
            assert taskweir.clock.is_frozen
            assert taskweir.clock.now() == datetime(2030, 1, 1, tzinfo=UTC)

        @pytest.mark.taskweir_clock
        class TestClass:
            def test_of_the_class(self, taskweir_server):
                assert taskweir_server.clock.is_frozen
                assert taskweir_server.clock.now().year != 2030

            @pytest.mark.taskweir_clock(frozen=False)
            def test_of_the_test(self, taskweir):
                assert not taskweir.clock.is_frozen
        """,
        "--strict-markers",
    )
    result.assert_outcomes(passed=3)


def test_the_markers_arguments_are_checked(suite: pytest.Pytester) -> None:
    """The time may stand alone; what there is not is named, and later tests have a clock that goes."""
    result = run(
        suite,
        """
        import pytest

        @pytest.mark.taskweir_clock("2030-01-01T00:00:00Z")
        def test_by_position(taskweir):
            assert taskweir.clock.now().year == 2030

        @pytest.mark.taskweir_clock(when="2030-01-01T00:00:00Z")
        def test_misspelt(taskweir):
            pass

        @pytest.mark.taskweir_clock("2030-01-01T00:00:00")
        def test_without_a_zone(taskweir):
            pass

        def test_after(taskweir):
            assert not taskweir.clock.is_frozen
        """,
    )
    result.assert_outcomes(passed=2, errors=2)
    result.stdout.re_match_lines(
        [
            r"@pytest\.mark\.taskweir_clock\(\) got an unexpected keyword argument 'when'",
            r"E .*'2030-01-01T00:00:00' has no time zone",
        ]
    )


def test_nothing_of_a_test_is_left_in_the_server(suite: pytest.Pytester) -> None:
    """Nor of what it did outside of its project."""
    result = run(
        suite,
        """
        import pytest

        @pytest.mark.parametrize("round", [1, 2])
        def test_it(taskweir, taskweir_server, round):
            assert taskweir_server.attempts() == []
            assert taskweir_server.project("shared").queue("mail")
            assert taskweir.queue("mail")
            taskweir_server.faults.calls("CreateQueue").fail()
            taskweir_server.clock.freeze("2030-01-01T00:00:00Z")
        """,
    )
    result.assert_outcomes(passed=2)


def test_a_failed_test_shows_its_attempts(suite: pytest.Pytester) -> None:
    """Its own alone, and what time it is for the server."""
    result = run(
        suite,
        """
        import pytest

        pytestmark = pytest.mark.taskweir_clock(at="2030-01-01T00:00:00Z")

        def test_it(taskweir, taskweir_client, taskweir_handler):
            taskweir_handler.answers(503, 503)
            queue = taskweir.queue("mail", retry_config={"max_attempts": 2})
            name = f"{queue}/tasks/welcome"
            task = {"name": name, "http_request": {"url": taskweir_handler.url("/mail?to=ada")}}
            taskweir_client.create_task(parent=queue, task=task)
            taskweir.clock.advance(minutes=1)
            assert taskweir_handler.requests == []

        def test_none(taskweir):
            taskweir.wait_idle()
            assert False

        def test_that_passes(taskweir):
            pass
        """,
    )
    result.assert_outcomes(failed=2, passed=1)
    result.stdout.re_match_lines(
        [
            r"-+ taskweir: attempts -+",
            r"dispatched \(UTC\) +queue/task +no\. +request +answer +then",
            r"2030-01-01 00:00:00\.000  mail/welcome  1    POST /mail\?to=ada  503 in \d+ ms  again at 2030-01-01 .*",
            r"2030-01-01 00:00:00\.\d+  mail/welcome  2    POST /mail\?to=ada  503 in \d+ ms  out of attempts",
            r"The clock stands at 2030-01-01 00:01:00\.000; no task is scheduled\.",
            r"-+ taskweir: attempts -+",
            r"None\.",
            r"The clock stands at 2030-01-01 00:00:00\.000; no task is scheduled\.",
        ]
    )
    assert result.stdout.str().count("taskweir: attempts") == 2


def test_the_report_of_a_failed_test_is_bounded(suite: pytest.Pytester) -> None:
    """By the last hundred attempts; it says how many there were before."""
    result = run(
        suite,
        """
        import pytest

        @pytest.mark.taskweir_clock
        def test_it(taskweir, taskweir_client, taskweir_handler):
            taskweir_handler.always(503)
            queue = taskweir.queue("mail", retry_config={"max_attempts": 102, "max_backoff": "1s"})
            task = {"name": f"{queue}/tasks/t", "http_request": {"url": taskweir_handler.url()}}
            taskweir_client.create_task(parent=queue, task=task)
            taskweir.clock.advance(hours=1)
            assert False
        """,
    )
    numbers = [line.split()[3] for line in result.outlines if " mail/t " in line]
    assert numbers == [str(number) for number in range(3, 103)]
    result.stdout.fnmatch_lines(["2 earlier attempts are not shown."])


def test_a_server_that_dies_is_told_of_in_one_place(suite: pytest.Pytester) -> None:
    """The test's own failure is told, and all that it had is given back; later tests name the reason at once."""
    result = run(
        suite,
        """
        import pytest

        def test_it(taskweir, taskweir_client):
            taskweir.server.running._process.kill()
            taskweir.server.running._process.wait()
            assert 1 == 2

        def test_later(taskweir):
            pass
        """,
    )
    result.assert_outcomes(failed=1, errors=2)  # one is that of the reset afterwards
    result.stdout.re_match_lines(
        [
            r"the server ended with -9",
            r"It was that of all tests of this session\.",
            r".*assert 1 == 2",
            r"could not be read: UNAVAILABLE: .* ended with -9",
        ]
    )


def test_calls_that_fail_are_shown_where_the_test_makes_them(suite: pytest.Pytester) -> None:
    """Not where this package does."""
    result = run(
        suite,
        """
        def test_clock(taskweir):
            taskweir.clock.advance(hours=-1)

        def test_fault(taskweir):
            taskweir.faults.attempts().fail(42)

        def test_word(taskweir):
            taskweir.attempts(outcome="typo")

        async def test_asynchronous(taskweir_async):
            await taskweir_async.clock.advance(hours=-1)

        async def test_asynchronous_list(taskweir_async):
            await taskweir_async.attempts("no_name")
        """,
        "--asyncio-mode=auto",
    )
    result.assert_outcomes(failed=5)
    text = result.stdout.str()
    assert "control.py" not in text
    assert "/testing/" not in text
    assert text.count(">       ") == 5


@pytest.mark.skipif(grpc.__version__ < "1.80", reason="an older grpcio logs more")
def test_asynchronous_fixtures_leave_nothing_open(suite: pytest.Pytester) -> None:
    """A channel that is open when its server stops has gRPC log a line; a failed test's frames hold all they had."""
    result = run(
        suite,
        """
        async def test_it(taskweir_async, taskweir_async_client):
            queue = await taskweir_async.queue("mail")
            await taskweir_async_client.get_queue(name=queue)
            assert 1 == 2
        """,
        "--asyncio-mode=auto",
    )
    result.assert_outcomes(failed=1)
    result.stdout.no_re_match_line(r"[IWE]\d{4} .*|.*Captured stderr")
    assert result.stderr.lines == []


def test_a_script_that_hangs_does_not_hide_the_failure(suite: pytest.Pytester) -> None:
    """Its handler is closed all the same."""
    result = run(
        suite,
        """
        import threading

        def hanging(request):
            threading.Event().wait()

        def test_it(taskweir, taskweir_client, taskweir_handler):
            taskweir_handler.answers(hanging)
            task = {"http_request": {"url": taskweir_handler.url("/mail")}}
            taskweir_client.create_task(parent=taskweir.queue("mail"), task=task)
            taskweir_handler.wait_for(1)
            assert 1 == 2
        """,
    )
    result.assert_outcomes(failed=1, errors=1)  # the error is the warning, since warnings are errors here
    result.stdout.re_match_lines(
        [r".*UserWarning: a handler was closed while scripts run: hanging for POST /mail", r".*assert 1 == 2"]
    )


def test_each_xdist_worker_has_a_server(suite: pytest.Pytester) -> None:
    """So that the clock of one test is no other's; and failures come with their attempts."""
    result = run(
        suite,
        """
        import pathlib
        import pytest

        @pytest.mark.parametrize("number", range(4))
        def test_it(taskweir, taskweir_client, worker_id, number):
            taskweir_client.list_queues(parent=taskweir.location_name)
            pathlib.Path(f"{worker_id}-{taskweir.grpc_address.rpartition(':')[2]}").touch()

        def test_that_fails(taskweir):
            assert False
        """,
        "-n",
        "2",
        "--dist",
        "each",
    )
    result.assert_outcomes(passed=8, failed=2)
    servers = sorted(path.name for path in suite.path.glob("gw*"))
    assert [name.partition("-")[0] for name in servers] == ["gw0", "gw1"]
    assert len({name.partition("-")[2] for name in servers}) == 2
    assert "taskweir: attempts" in result.stdout.str()


ASYNCHRONOUS = """
    import asyncio
    import pytest
    from google.cloud import tasks_v2

    {mark}
    @pytest.mark.parametrize("round", [1, 2])
    async def test_it(taskweir, taskweir_async, taskweir_async_client, taskweir_handler, round):
        assert isinstance(taskweir_async_client, tasks_v2.CloudTasksAsyncClient)
        assert taskweir_async.project == taskweir.project
        await taskweir_async.clock.freeze()
        queue = await taskweir_async.queue("mail")
        task = {{"http_request": {{"url": taskweir_handler.url()}}}}
        made = await taskweir_async_client.create_task(parent=queue, task=task)
        await taskweir_handler.wait_for_async(1)
        await taskweir_async.wait_idle()
        (attempt,) = await taskweir_async.attempts()
        assert attempt.task == made.name
    """


@pytest.mark.parametrize(("mode", "mark"), [("auto", ""), ("strict", "@pytest.mark.asyncio")])
def test_asynchronous_tests_have_clients_of_their_loop(suite: pytest.Pytester, mode: str, mark: str) -> None:
    """In either mode of pytest-asyncio, each test with a loop of its own."""
    result = run(suite, ASYNCHRONOUS.format(mark=mark), f"--asyncio-mode={mode}")
    result.assert_outcomes(passed=2)


def test_what_belongs_to_the_server_is_there_for_asynchronous_tests(suite: pytest.Pytester) -> None:
    """Handlers, which are closed with the test; a client in `async with`; and why the server cannot be reached."""
    result = run(
        suite,
        """
        import urllib.request
        import pytest
        from taskweir.testing import ControlError

        urls = []

        async def test_it(taskweir_async, taskweir_async_client):
            handler = taskweir_async.server.handler()
            urls.append(handler.url())
            queue = await taskweir_async.queue("mail")
            async with taskweir_async_client as client:
                await client.create_task(parent=queue, task={"http_request": {"url": handler.url()}})
            await taskweir_async.wait_idle()
            assert len(handler.requests) == 1

        def test_that_it_is_closed():
            with pytest.raises(OSError):
                urllib.request.urlopen(urls[0])

        async def test_dead(taskweir, taskweir_async):
            taskweir.server.running._process.kill()
            taskweir.server.running._process.wait()
            with pytest.raises(ControlError, match="ended with -9"):
                await taskweir_async.attempts()
            assert taskweir_async.server.log == taskweir.server.log
        """,
        "--asyncio-mode=auto",
    )
    result.assert_outcomes(passed=3, errors=1)


def test_an_app_that_makes_its_client_when_imported_is_imported_by_a_fixture(suite: pytest.Pytester) -> None:
    """After which its client serves all tests."""
    suite.makepyfile(app="from google.cloud import tasks_v2\n\nclient = tasks_v2.CloudTasksClient()")
    result = run(
        suite,
        """
        import importlib
        import pytest

        @pytest.fixture
        def app(taskweir_environ):
            return importlib.import_module("app")

        @pytest.mark.parametrize("round", [1, 2])
        def test_it(taskweir, app, round):
            queue = taskweir.queue("mail")
            assert [each.name for each in app.client.list_queues(parent=taskweir.location_name)] == [queue]
        """,
    )
    result.assert_outcomes(passed=2)


def test_clients_of_the_code_under_test_find_the_server(suite: pytest.Pytester) -> None:
    """In this process and in those that it starts; afterwards nothing is left of it."""
    result = run(
        suite,
        """
        import os, subprocess, sys
        from google.cloud import tasks_v2

        PROGRAM = (
            "import sys; from google.cloud import tasks_v2\\n"
            "print([queue.name for queue in tasks_v2.CloudTasksClient().list_queues(parent=sys.argv[1])])"
        )

        def test_it(taskweir, taskweir_environ):
            queue = taskweir.queue("mail")
            found = tasks_v2.CloudTasksClient().list_queues(parent=taskweir.location_name)
            assert [each.name for each in found] == [queue]
            ran = subprocess.run([sys.executable, "-c", PROGRAM, taskweir.location_name], capture_output=True)
            assert ran.stdout.decode() == f"['{queue}']\\n", ran.stderr

        def test_after():
            assert "CLOUD_TASKS_EMULATOR_HOST" not in os.environ
        """,
    )
    result.assert_outcomes(passed=2)


def test_the_servers_settings_are_a_fixture(suite: pytest.Pytester) -> None:
    """For a suite to override."""
    result = run(
        suite,
        """
        import pytest

        @pytest.fixture(scope="session")
        def taskweir_settings():
            return {"queues": ["mail"], "project": "mine"}

        def test_it(taskweir_server):
            queues = taskweir_server.client().list_queues(parent="projects/mine/locations/us-central1")
            assert len(list(queues)) == 1
        """,
    )
    result.assert_outcomes(passed=1)


USES_THE_SERVER_AT = """
    def test_it(taskweir):
        assert taskweir.grpc_address == {address!r}
        assert taskweir.queue("mail")
    """


def test_a_server_that_runs_can_be_used(suite: pytest.Pytester) -> None:
    """Named by an option, or in the ini-file; it goes on, and nothing is left in it."""
    with testing.server() as server:
        code = USES_THE_SERVER_AT.format(address=server.grpc_address)
        run(suite, code, "--taskweir-address", server.grpc_address).assert_outcomes(passed=1)
        suite.makeini(f"{INI}taskweir_address = {server.grpc_address}\n")
        run(suite, code).assert_outcomes(passed=1)
        assert server.clock.now()


def test_a_server_that_runs_is_left_as_it_was(suite: pytest.Pytester) -> None:
    """But for the project of the test, and its clock."""
    with testing.server() as server:
        queue = server.project("mine").queue("mail")
        code = """
            import pytest

            @pytest.mark.taskweir_clock
            def test_it(taskweir):
                assert taskweir.queue("mail")
            """
        run(suite, code, "--taskweir-address", server.grpc_address).assert_outcomes(passed=1)
        assert server.client().get_queue(name=queue).name == queue
        assert not server.clock.is_frozen


def test_a_server_that_runs_has_one_user_and_its_own_settings(suite: pytest.Pytester) -> None:
    """Workers of xdist would move each other's clock."""
    address = ("--taskweir-address", "127.0.0.1:1")
    refused = run(suite, "def test_it(): pass", *address, "-n", "2")
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    refused.stderr.fnmatch_lines(
        ["ERROR: --taskweir-address cannot be used with xdist: one server has one clock,*"]
    )
    run(suite, "def test_it(): pass", *address, "-n", "0").assert_outcomes(passed=1)
    code = """
        import pytest

        @pytest.fixture(scope="session")
        def taskweir_settings():
            return {"strict": True}

        def test_it(taskweir):
            pass
        """
    refused = run(suite, code, *address)
    refused.assert_outcomes(errors=1)
    refused.stdout.fnmatch_lines(["taskweir_settings are for a server that is started, not for that of *"])


def test_it_can_be_left_out(suite: pytest.Pytester) -> None:
    """As any plugin."""
    result = run(
        suite, "def test_it(request): assert 'taskweir' not in str(request.config.getini('markers'))"
    )
    result.assert_outcomes(failed=1)
    result = run(
        suite,
        "def test_it(request): assert 'taskweir' not in str(request.config.getini('markers'))",
        "-p",
        "no:taskweir",
    )
    result.assert_outcomes(passed=1)


def test_runs_that_do_not_use_it_load_nothing_for_it(tmp_path: Path) -> None:
    """It is in every run of pytest of whoever has taskweir installed."""
    program = (
        "import sys, pytest; before = set(sys.modules); import taskweir.pytest_plugin\n"
        "print(sorted(set(sys.modules) - before))"
    )
    ran = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, cwd=tmp_path)
    assert ran.stdout == "['taskweir', 'taskweir.pytest_plugin']\n", ran.stderr
