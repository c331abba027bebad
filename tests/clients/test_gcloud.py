"""gcloud, with the variables that `taskweir env` prints."""

import json
import os
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.clients import toolchains
from tests.clients.drive import Drive
from tests.clients.methods import LEASES, PUSH, QUEUES, TASKS
from tests.readme import client_rows
from tests.served import served

from taskweir.testing import Answer

pytestmark = pytest.mark.timeout(toolchains.INSTALL_TIMEOUT)

_QUEUE_YAML = """
queue:
- name: mail
  rate: 5/s
  retry_parameters:
    task_retry_limit: 3
- name: numbers
  mode: pull
"""


def test_it_is_set_up_as_in_readme(tmp_path: Path):
    """Both commands of the row, in a shell that knows of no project, against a server on its defaults but the ports."""
    toolchains.gcloud()
    row = client_rows()["gcloud"]
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("CLOUDSDK_", "TASKWEIR_"))
    }
    with served(tmp_path / "data.db") as server:
        environment = {
            **kept,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "CLOUDSDK_CONFIG": str(tmp_path / "gcloud"),
            "TASKWEIR_HTTP_PORT": server.http_address.rpartition(":")[2],
        }
        commands = f"{row.command('eval')}\n{row.command('gcloud tasks queues create')}"
        ended = subprocess.run(
            ["bash", "-euc", commands], env=environment, capture_output=True, text=True, timeout=120
        )
        assert ended.returncode == 0, ended.stderr
        queue = "projects/local/locations/us-central1/queues/mail"
        with urllib.request.urlopen(f"http://{server.http_address}/v2/{queue}", timeout=10) as answer:
            assert json.load(answer)["name"] == queue


class Gcloud:
    """Commands of gcloud, which keeps its own files in a folder of the test."""

    def __init__(self, drive: Drive, config: Path, location: str = "us-central1") -> None:
        self._drive = drive
        self._location = location
        self._environment = {"CLOUDSDK_CONFIG": str(config), "CLOUDSDK_CORE_DISABLE_PROMPTS": "1"}

    def __call__(self, *arguments: str) -> Any:
        """The result of a command of `gcloud tasks`, by its JSON; None where it has none."""
        return self.run("tasks", *arguments, f"--location={self._location}")

    def alpha(self, *arguments: str) -> Any:
        """The same for `gcloud alpha tasks`."""
        return self.run("alpha", "tasks", *arguments, f"--location={self._location}")

    def beta(self, *arguments: str) -> Any:
        """The same for `gcloud beta tasks`."""
        return self.run("beta", "tasks", *arguments, f"--location={self._location}")

    def run(self, *arguments: str, **variables: str) -> Any:
        """The same for any command, with further variables."""
        command = [toolchains.gcloud(), *arguments, "--format=json"]
        said = self._drive.run(command, {**self._environment, **variables})
        return json.loads(said) if said.strip() else None


def test_push_queues_and_their_tasks(drive: Drive, tmp_path: Path):
    """Created, described, updated, paused, resumed, purged, listed, run, deleted."""
    gcloud = Gcloud(drive, tmp_path)
    queue = f"projects/{drive.project}/locations/us-central1/queues/push"
    gcloud("queues", "create", "push", "--max-dispatches-per-second=5", "--max-attempts=3")
    described = gcloud("queues", "describe", "push")
    assert (described["name"], described["state"]) == (queue, "RUNNING")
    assert described["rateLimits"]["maxDispatchesPerSecond"] == 5
    assert described["retryConfig"]["maxAttempts"] == 3
    gcloud("queues", "update", "push", "--max-attempts=7")
    gcloud("queues", "pause", "push")
    (listed,) = gcloud("queues", "list")
    assert (listed["state"], listed["retryConfig"]["maxAttempts"]) == ("PAUSED", 7)
    gcloud("queues", "resume", "push")
    _run_one_and_delete_another(drive, gcloud)
    gcloud("queues", "purge", "push")
    gcloud("queues", "delete", "push")
    assert gcloud("queues", "list") == []
    assert drive.answered("v2") >= PUSH


def _run_one_and_delete_another(drive: Drive, gcloud: Gcloud) -> None:
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    create = (
        "create-http-task",
        "--queue=push",
        f"--url={drive.handler.url('/task')}",
        f"--schedule-time={later}",
    )
    created = gcloud(
        *create, "named", "--method=PUT", "--header=X-Client: gcloud", "--body-content=from gcloud"
    )
    assert created["name"].endswith("/queues/push/tasks/named")
    described = gcloud("describe", "named", "--queue=push")
    assert described["httpRequest"]["httpMethod"] == "PUT"
    assert described["httpRequest"]["headers"]["X-Client"] == "gcloud"
    gcloud(*create, "other")
    assert {task["name"].rpartition("/")[2] for task in gcloud("list", "--queue=push")} == {"named", "other"}
    gcloud("delete", "other", "--queue=push")
    gcloud("run", "named", "--queue=push")
    assert drive.delivered() == b"from gcloud"


def test_what_else_it_has(drive: Drive, tmp_path: Path):
    """Locations, IAM policies, the key of a location, and a task buffered by a queue's own URL."""
    gcloud = Gcloud(drive, tmp_path)
    override = (
        f"--http-uri-override=scheme:http,host:127.0.0.1,port:{drive.handler.url().split(':')[2].strip('/')}"
    )
    gcloud("queues", "create", "push", override)
    gcloud("buffer", "--queue=push", "--task-id=buffered")
    drive.handler.wait_for(1)
    member = ("push", "--member=allUsers", "--role=roles/cloudtasks.enqueuer")
    gcloud("queues", "add-iam-policy-binding", *member)
    (binding,) = gcloud("queues", "get-iam-policy", "push")["bindings"]
    assert binding == {"members": ["allUsers"], "role": "roles/cloudtasks.enqueuer"}
    gcloud("queues", "remove-iam-policy-binding", *member)
    assert "bindings" not in gcloud("queues", "get-iam-policy", "push")
    assert gcloud("cmek-config", "describe")["name"].endswith("/locations/us-central1/cmekConfig")


def test_pull_queues_by_its_alpha_commands(drive: Drive, tmp_path: Path):
    """A pull queue created and updated; its task leased, renewed, let go, leased again and acknowledged."""
    gcloud = Gcloud(drive, tmp_path).alpha
    gcloud("queues", "create-pull-queue", "pull", "--max-attempts=3")
    gcloud("queues", "update-pull-queue", "pull", "--max-attempts=7")
    described = gcloud("queues", "describe", "pull")
    assert (described["pullTarget"], described["retryConfig"]["maxAttempts"]) == ({}, 7)
    gcloud("create-pull-task", "named", "--queue=pull", "--tag=a tag", "--payload-content=a payload")
    assert gcloud("describe", "named", "--queue=pull")["pullMessage"]["tag"] == "a tag"
    lease = ("lease", "--queue=pull", "--lease-duration=60", "--tag=a tag")
    (leased,) = gcloud(*lease)
    assert leased["pullMessage"] == {"tag": "a tag"}
    held = ("named", "--queue=pull")
    renewed = gcloud(
        "renew-lease", *held, f"--schedule-time={leased['scheduleTime']}", "--lease-duration=600"
    )
    assert renewed["scheduleTime"] > leased["scheduleTime"]
    gcloud("cancel-lease", *held, f"--schedule-time={renewed['scheduleTime']}")
    (again,) = gcloud(*lease)
    gcloud("acknowledge", *held, f"--schedule-time={again['scheduleTime']}")
    assert gcloud("list", "--queue=pull") == []
    gcloud("queues", "delete", "pull")
    assert drive.answered("v2beta2") >= (QUEUES - {"ListQueues"}) | (TASKS - {"DeleteTask"}) | LEASES


def test_a_queue_by_its_beta_commands(drive: Drive, tmp_path: Path):
    """Those speak v2beta3."""
    gcloud = Gcloud(drive, tmp_path)
    gcloud.beta("queues", "create", "push")
    assert gcloud.beta("queues", "describe", "push")["state"] == "RUNNING"
    gcloud.beta("queues", "update", "push", "--max-attempts=7")
    (listed,) = gcloud.beta("queues", "list")
    assert listed["retryConfig"]["maxAttempts"] == 7
    gcloud.beta("queues", "delete", "push")
    assert drive.answered("v2beta3") >= QUEUES


def test_app_deploy_brings_a_queue_yaml(drive: Drive, tmp_path: Path):
    """gcloud reads the file itself, and has UpdateQueue create what is new. Where it asks for the app, we make one up."""
    app = {"id": drive.project, "servingStatus": "SERVING"}
    repair = {"name": f"apps/{drive.project}/operations/repair", "done": True, "response": {}}
    drive.handler.always(Answer(body=json.dumps(app)), path=f"/v1/apps/{drive.project}")
    drive.handler.always(Answer(body=json.dumps(repair)), path=f"/v1/apps/{drive.project}:repair")
    # It takes the first location for that of the app.
    gcloud = Gcloud(
        drive, tmp_path, Gcloud(drive, tmp_path).run("tasks", "locations", "list")[0]["locationId"]
    )
    gcloud("queues", "create", "left-out")
    file = tmp_path / "queue.yaml"
    file.write_text(_QUEUE_YAML)
    gcloud.run(
        "app",
        "deploy",
        str(file),
        CLOUDSDK_API_ENDPOINT_OVERRIDES_APPENGINE=drive.handler.url(),
        CLOUDSDK_API_ENDPOINT_OVERRIDES_SERVICEUSAGE=drive.handler.url(),
        CLOUDSDK_APP_RUNTIME_BUILDERS_ROOT=tmp_path.as_uri(),
    )
    described = gcloud("queues", "describe", "mail")
    assert described["rateLimits"]["maxDispatchesPerSecond"] == 5
    assert described["retryConfig"]["maxAttempts"] == 4
    assert gcloud("queues", "describe", "left-out")["state"] == "PAUSED"
    (pull,) = [queue for queue in gcloud.alpha("queues", "list") if "pullTarget" in queue]
    assert pull["name"].endswith("/queues/numbers")
