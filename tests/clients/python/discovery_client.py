"""Every method of a version's discovery document, called by google-api-python-client, each answer held to its schema.

VERSION is v2, v2beta3 or v2beta2. Nothing here knows of taskweir.
"""

import base64
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from described import Described, methods_of
from google.auth.credentials import AnonymousCredentials
from googleapiclient import discovery, discovery_cache
from googleapiclient.errors import HttpError

version = sys.argv[1]
project = os.environ["PROJECT"]
target = os.environ["TARGET"]
location = f"projects/{project}/locations/us-central1"
document = json.loads(
    Path(discovery_cache.__file__).parent.joinpath("documents", f"cloudtasks.{version}.json").read_text()
)
service = discovery.build(
    "cloudtasks",
    version,
    credentials=AnonymousCredentials(),
    client_options={"api_endpoint": f"http://{os.environ['HTTP']}"},
)
called = set()


def collection(path):
    resource = service
    for part in path.split("."):
        resource = getattr(resource, part)()
    return Described(document, resource, path, called)


locations = collection("projects.locations")
operations = collection("projects.locations.operations")
queues = collection("projects.locations.queues")
tasks = collection("projects.locations.queues.tasks")
later = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
is_v2beta2 = version == "v2beta2"


def the_locations():
    assert locations.call("get", name=location)["locationId"] == "us-central1"
    assert locations.pages("list", name=f"projects/{project}", pageSize=3)
    config = f"{location}/cmekConfig"
    assert locations.call("getCmekConfig", name=config)["name"] == config
    key = f"{location}/keyRings/ring/cryptoKeys/key"
    changed = locations.call("updateCmekConfig", name=config, updateMask="kmsKey", body={"kmsKey": key})
    assert changed == {"name": config, "kmsKey": key}


def the_queues():
    name = f"{location}/queues/kept"
    rate = "maxTasksDispatchedPerSecond" if is_v2beta2 else "maxDispatchesPerSecond"
    created = queues.call("create", parent=location, body={"name": name, "rateLimits": {rate: 5}})
    assert (created["name"], created["state"], created["rateLimits"][rate]) == (name, "RUNNING", 5)
    assert {"maxBackoff", "minBackoff", "maxDoublings", "maxAttempts"} <= created["retryConfig"].keys()
    assert queues.call("get", name=name) == created
    queues.call("create", parent=location, body={"name": f"{location}/queues/other"})
    assert [queue["name"] for queue in queues.pages("list", parent=location, pageSize=1)] == [
        name,
        f"{location}/queues/other",
    ]
    changed = queues.call(
        "patch", name=name, updateMask="retryConfig.maxAttempts", body={"retryConfig": {"maxAttempts": 7}}
    )
    assert (changed["retryConfig"]["maxAttempts"], changed["rateLimits"][rate]) == (7, 5)
    assert queues.call("pause", name=name, body={})["state"] == "PAUSED"
    assert queues.call("resume", name=name, body={})["state"] == "RUNNING"
    assert "purgeTime" in queues.call("purge", name=name, body={})
    if version != "v2":
        assert queues.call("get", name=name, readMask="name,stats").keys() == {"name", "stats"}
    the_policy(name)
    assert queues.call("delete", name=name) == {}
    queues.call("delete", name=f"{location}/queues/other")


def the_policy(name):
    policy = {"bindings": [{"role": "roles/cloudtasks.enqueuer", "members": ["allUsers"]}]}
    kept = queues.call("setIamPolicy", resource=name, body={"policy": policy})
    assert kept["bindings"] == policy["bindings"]
    assert queues.call("getIamPolicy", resource=name, body={}) == kept
    permissions = {"permissions": ["cloudtasks.tasks.create"]}
    assert queues.call("testIamPermissions", resource=name, body=permissions) == permissions


def the_tasks():
    queue = f"{location}/queues/push"
    override = {"scheme": "HTTP", "host": "127.0.0.1", "port": target.rsplit(":", 1)[1].split("/")[0]}
    queues.call("create", parent=location, body={"name": queue, "httpTarget": {"uriOverride": override}})
    name = f"{queue}/tasks/named"
    request = {"url": target, "body": base64.b64encode(b"from the discovery client").decode()}
    created = tasks.call(
        "create",
        parent=queue,
        body={"task": {"name": name, "httpRequest": request, "scheduleTime": later}, "responseView": "FULL"},
    )
    assert created["httpRequest"]["body"] == request["body"]
    basic = tasks.call("get", name=name)
    assert (basic["view"], "body" in basic["httpRequest"]) == ("BASIC", False)
    assert tasks.call("get", name=name, responseView="FULL")["httpRequest"]["body"] == request["body"]
    assert tasks.call("run", name=name, body={})["name"] == name

    requests = [{"parent": queue, "task": {"httpRequest": request, "scheduleTime": later}}] * 3
    operation = tasks.call("batchCreate", parent=queue, body={"requests": requests})
    assert operations.call("get", name=operation["name"])["done"] is True
    names = [task["name"] for task in operation["response"]["tasks"]]
    listed = tasks.pages("list", parent=queue, pageSize=2, responseView="BASIC")
    assert sorted(set(names) - {task["name"] for task in listed}) == []
    assert tasks.call("delete", name=names[0]) == {}
    tasks.call("batchDelete", parent=queue, body={"names": names[1:]})
    try:
        tasks.call("get", name=names[1])
    except HttpError as error:
        if error.status_code != 404:
            raise
    else:
        raise AssertionError("a deleted task is there")
    queues.call("pause", name=queue, body={})
    buffered = tasks.call("buffer", queue=queue, taskId="buffered", body={})["task"]
    assert buffered["name"] == f"{queue}/tasks/buffered"


def the_leases():
    queue = f"{location}/queues/pull"
    assert queues.call("create", parent=location, body={"name": queue, "pullTarget": {}})["pullTarget"] == {}
    payload = base64.b64encode(b"a payload").decode()
    message = {"payload": payload, "tag": "a tag"}
    name = f"{queue}/tasks/leased"
    created = tasks.call("create", parent=queue, body={"task": {"name": name, "pullMessage": message}})
    assert (created["name"], created["view"]) == (name, "BASIC")
    assert created["pullMessage"] == {"tag": "a tag"}
    lease = {"maxTasks": 10, "leaseDuration": "60s", "responseView": "FULL", "filter": 'tag="a tag"'}
    (leased,) = tasks.call("lease", parent=queue, body=lease)["tasks"]
    assert leased["pullMessage"] == message
    assert leased["status"]["attemptDispatchCount"] == 1
    assert tasks.call("lease", parent=queue, body=lease) == {}
    held = {"scheduleTime": leased["scheduleTime"]}
    renewed = tasks.call("renewLease", name=name, body={**held, "leaseDuration": "600s"})
    assert renewed["scheduleTime"] > leased["scheduleTime"]
    tasks.call("cancelLease", name=name, body={"scheduleTime": renewed["scheduleTime"]})
    (again,) = tasks.call("lease", parent=queue, body=lease)["tasks"]
    assert again["status"]["attemptDispatchCount"] == 2
    assert tasks.call("acknowledge", name=name, body={"scheduleTime": again["scheduleTime"]}) == {}
    assert tasks.call("list", parent=queue) == {}


def the_queue_yaml():
    yaml = "queue:\n- name: uploaded\n  rate: 10/s\n"
    # The client writes JSON, and this method takes the file as it is.
    collection("api.queue").call_with("update", yaml, "application/yaml", appId=project)
    assert queues.call("get", name=f"{location}/queues/uploaded")["state"] == "RUNNING"


the_locations()
the_queues()
the_tasks()
if is_v2beta2:
    the_leases()
    the_queue_yaml()
left = sorted(methods_of(document) - called)
assert left == [], f"not called: {left}"
