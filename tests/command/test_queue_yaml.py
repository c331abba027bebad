"""`--queue-yaml`: the queues of an App Engine app, had at start."""

from pathlib import Path
from textwrap import dedent

import pytest
from tests.api.running import running
from tests.command.process import run, serving
from tests.command.test_serve import queues

from taskweir.command.arguments import read_arguments
from taskweir.command.configuration import configure
from taskweir.settings import Settings, SettingsError
from taskweir_pb.control.v1 import control_pb2, control_pb2_grpc
from taskweir_pb.v2 import cloudtasks_pb2, queue_pb2

PARENT = "projects/local/locations/us-central1"


def write(folder: Path, text: str) -> str:
    path = folder / "queue.yaml"
    path.write_text(dedent(text), encoding="utf-8")
    return str(path)


def configured(path: str, *flags: str, **environ: str) -> Settings:
    return configure(read_arguments(["--queue-yaml", path, *flags]), environ)


def test_a_server_has_the_files_queues_when_it_is_ready(tmp_path: Path) -> None:
    """In the project and the location of its flags; what another start left out is disabled, but not what --queue
    names."""
    path = write(tmp_path, "queue:\n- name: mail\n  rate: 30/m\n  bucket_size: 7\n")
    data = str(tmp_path / "tasks.db")
    with serving("--data", data, "--queue", "left", "--queue", "named", cwd=tmp_path) as server:
        assert set(queues(server.grpc)) == {"left", "named"}
        assert server.end()[0] == 0
    with serving("--data", data, "--queue", "named", "--queue-yaml", path, cwd=tmp_path) as server:
        found = queues(server.grpc)
        assert server.end()[0] == 0
    assert {name: queue.state.name for name, queue in found.items()} == {
        "default": "RUNNING",
        "left": "DISABLED",
        "mail": "RUNNING",
        "named": "RUNNING",
    }
    limits = found["mail"].rate_limits
    assert (limits.max_dispatches_per_second, limits.max_burst_size) == (0.5, 7)


def test_a_mistake_in_the_file_ends_the_start_with_2(tmp_path: Path) -> None:
    """With one line, which names the file and its line; no data file is made."""
    path = write(tmp_path, "queue:\n- name: mail\n  rate: fast\n")
    result = run("serve", "--port=0", "--http-port=0", f"--queue-yaml={path}", "--project=p", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == f'taskweir: --queue-yaml: {path}:3: Rate "fast" is invalid.\n'
    assert [found.name for found in tmp_path.iterdir()] == ["queue.yaml"]


async def test_a_mode_that_differs_from_the_queues_is_a_mistake_in_the_file(tmp_path: Path) -> None:
    """A queue's type is fixed, also at the start."""
    path = write(tmp_path, "queue:\n- name: q\n  mode: pull\n")
    with pytest.raises(SettingsError) as refused:
        async with running(project="p", queue="q", queue_yaml=path):
            pass
    assert str(refused.value) == f"{path}:2: queue q is a push queue: its mode cannot be changed"


async def test_after_a_reset_the_files_queues_are_there_again(tmp_path: Path) -> None:
    """As the file said at the start, and only where their project is reset."""
    path = write(tmp_path, "queue: [{name: q, rate: 2/s}]")
    async with running(control="on", project="p", queue_yaml=path) as server:
        parent = "projects/p/locations/us-central1"
        control = control_pb2_grpc.ControlStub(server.channel)

        async def found() -> dict[str, queue_pb2.Queue]:
            listed = await server.raw.call("ListQueues", cloudtasks_pb2.ListQueuesRequest(parent=parent))
            return {queue.name.rpartition("/")[2]: queue for queue in listed.queues}

        at_start = await found()
        assert set(at_start) == {"default", "q"}
        for reset in (
            control_pb2.ResetRequest(parent="projects/p"),
            control_pb2.ResetRequest(),
            control_pb2.ResetRequest(parent="projects/other"),
        ):
            await server.raw.call("DeleteQueue", cloudtasks_pb2.DeleteQueueRequest(name=f"{parent}/queues/q"))
            await control.Reset(reset)
            assert await found() == (
                at_start if reset.parent != "projects/other" else {"default": at_start["default"]}
            )


def test_the_app_of_the_file_is_the_project_unless_another_is_given(tmp_path: Path) -> None:
    """By a flag, a variable or the config file; the queues given by id alone are that project's too."""
    path = write(tmp_path, "application: s~shop\nqueue: []\n")
    assert configured(path).project == "shop"
    assert configured(path, "--queue=q").queues == ("projects/shop/locations/us-central1/queues/q",)
    assert configured(path, "--project=p").project == "p"
    assert configured(path, "--project=local").project == "local"
    assert configured(path, TASKWEIR_PROJECT="p").project == "p"
    (tmp_path / "c.yaml").write_text("project: p\n", encoding="utf-8")
    assert configured(path, f"--config={tmp_path / 'c.yaml'}").project == "p"
    assert configured(write(tmp_path, "queue: []\n")).project == "local"


def test_a_file_that_is_not_there_is_named_by_its_flag(tmp_path: Path) -> None:
    """As every setting that is wrong."""
    with pytest.raises(SettingsError) as refused:
        configured(str(tmp_path / "none.yaml"))
    assert str(refused.value) == f"--queue-yaml: there is no file '{tmp_path}/none.yaml'"
