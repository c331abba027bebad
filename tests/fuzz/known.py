"""Names that exist, for requests that would otherwise hardly get past the check of their names."""

import random
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

PARENT: Final = "projects/fuzz/locations/us-central1"
PUSH: Final = f"{PARENT}/queues/push"
PULL: Final = f"{PARENT}/queues/pull"
BUFFER: Final = f"{PARENT}/queues/buffer"

Call: TypeAlias = Callable[[str, str, Any], object]
"""Sends a JSON request, given its method, path and body."""

_LEASES: Final = (":lease", ":acknowledge", ":renewLease", ":cancelLease", "/taskqueue/")
_HOSTS: Final = ("127.0.0.1", "localhost", "[::1]", "", "no host", "a" * 300, "127.0.0.1:1")
"""Nothing that is not this machine is ever called."""
_PATHS: Final = ("", "/", "/a?b=c#d", "/\u00e9 \u0000", "/%zz", "/" + "a" * 3_000, "?", "/../..")
_MASKS: Final = (
    "rateLimits",
    "retryConfig.maxAttempts",
    "*",
    "stats",
    "name,state",
    "httpTarget.uriOverride",
    "type",
)
_QUEUE_FILES: Final = (
    b"queue:\n- name: yaml\n  rate: 5/s\n",
    b"queue:\n- name: yaml-pull\n  mode: pull\n  acl:\n  - user_email: a@example.com\n",
    b"queue:\n- name: yaml\n  rate: 1/m\n  bucket_size: 3\n  retry_parameters:\n    task_retry_limit: 2\n",
    b"queue: []\n",
    b"queue:\n- &a {name: x, rate: *a}\n",
    b"<queue-entries/>",
    b"- - - :",
)
_FITTED: Final = 0.7
"""Of the bodies, hardly one of which would be taken as it is made up."""
_TASKS: Final = 6
_KEPT: Final = 200
_LEASED: Final = 10
"""Leases that are kept: others are most likely over."""


class Known:
    """Puts names into most requests, and keeps those that answers tell."""

    def __init__(self, seed: int, sink_url: str) -> None:
        self._random = random.Random(seed)
        self._sink_url = sink_url
        self._tokens: deque[str] = deque(maxlen=_KEPT)
        self._operations: deque[str] = deque(maxlen=_KEPT)
        self._held: deque[tuple[str, str]] = deque(maxlen=_LEASED)
        self._numbers = 0
        self._tasks: Sequence[str] = ()

    def renew(self, call: Call) -> None:
        """Have the queues and a few tasks in them, whatever became of those that were there. Names of tasks that are
        gone stay taken, so these are new ones."""
        call("POST", "/taskweir/v1/clock:resume", {})
        host, _, port = self._sink_url.removeprefix("http://").rpartition(":")
        override = {"uriOverride": {"scheme": "HTTP", "host": host, "port": port}}
        call("POST", f"/v2/{PARENT}/queues", {"name": PUSH})
        call("POST", f"/v2/{PARENT}/queues", {"name": BUFFER, "httpTarget": override})
        call("POST", f"/v2beta2/{PARENT}/queues", {"name": PULL, "pullTarget": {}})
        for name in (PUSH, BUFFER, PULL):
            call("POST", f"/v2/{name}:resume", {})
        self._tasks = [self._new_task(PUSH) for _ in range(_TASKS)]
        later = {"httpRequest": {"url": f"{self._sink_url}/later"}, "scheduleTime": _in_a_week()}
        for number, name in enumerate(self._tasks):
            call("POST", f"/v2/{PUSH}/tasks", {"task": {"name": name, **later}})
            pull = {"payload": "AAEC", "tag": f"tag{number % 2}"}
            call("POST", f"/v2beta2/{PULL}/tasks", {"task": {"pullMessage": pull}})

    def steer(
        self, method: str, path: str, parameters: dict[str, Any], query: dict[str, Any], body: Any
    ) -> None:
        """Change a request in place; one of four stays as it is, but that it calls nobody."""
        if self._random.random() < 0.25:
            self._keep_here(body)
            return
        queue = self._queue(method, path)
        held = self._a_lease(f"{queue}/tasks/none")
        for name, value in parameters.items():
            parameters[name] = self._segment(name.lower(), queue, held[0], value)
        if self._random.random() < 0.8:
            # Hardly any that is made up is a selection.
            query.pop("fields", None)
        if path.startswith("/taskqueue/") and self._random.random() < 0.7:
            query |= {"numTasks": 3, "leaseSecs": 60, "newLeaseSeconds": self._random.choice((0, 60))}
        for name, value in query.items():
            query[name] = self._parameter(name, value)
        if isinstance(body, dict):
            if self._random.random() < _FITTED:
                self._fit(path, queue, held[1], body)
            if "scheduleTime" in body and held[1]:
                body["scheduleTime"] = held[1]
            self._name(path, queue, body)
        self._keep_here(body)

    def queue_file(self) -> bytes:
        return self._random.choice(_QUEUE_FILES)

    def learn(self, reply: Any) -> None:
        """Of what an answer tells, what later requests may be about."""
        if isinstance(reply, list):
            for item in reply:
                self.learn(item)
        elif isinstance(reply, dict):
            name, time, token = reply.get("name"), reply.get("scheduleTime"), reply.get("nextPageToken")
            if isinstance(name, str) and isinstance(time, str) and name.startswith(PULL):
                self._held.append((name, time))
            elif "payloadBase64" in reply and isinstance(reply.get("id"), str):
                self._held.append((f"{PULL}/tasks/{reply['id']}", ""))
            if isinstance(name, str) and "/operations/" in name:
                self._operations.append(name.rpartition("/")[2])
            if isinstance(token, str):
                self._tokens.append(token)
            for value in reply.values():
                self.learn(value)

    def _queue(self, method: str, path: str) -> str:
        """The one that the call most likely fits; a queue that is deleted is none that others need."""
        if method == "DELETE" and path.rpartition("/")[2].startswith("{queue"):
            return f"{PARENT}/queues/new-{self._numbers}"
        if path.endswith(":buffer"):
            return BUFFER
        if any(part in path for part in _LEASES):
            return PULL
        if "v2beta2" in path and method == "POST":
            return self._random.choice((PUSH, PULL))
        if method == "POST" and path.endswith(("/tasks", ":batchCreate")):
            return PUSH
        return self._random.choice((PUSH, PUSH, PUSH, PULL))

    def _a_lease(self, otherwise: str) -> tuple[str, str]:
        """Each is used a few times at most: then it is over, or not any more what it was."""
        if not self._held:
            return otherwise, ""
        return self._held.pop() if self._random.random() < 0.3 else self._held[-1]

    def _segment(self, name: str, queue: str, held: str, value: Any) -> Any:
        if "project" in name:
            return "fuzz"
        if "location" in name:
            return "us-central1"
        if "queue" in name:
            return queue.rpartition("/")[2]
        if "task" in name:
            if queue == BUFFER:
                return self._new_task(queue).rpartition("/")[2]
            tasks = [*self._tasks, f"{queue}/tasks/new"] if queue == PUSH else [held]
            return self._random.choice(tasks).rpartition("/")[2]
        return self._random.choice(self._operations) if "operation" in name and self._operations else value

    def _parameter(self, name: str, value: Any) -> Any:
        if name == "pageToken" and self._tokens:
            return self._random.choice(self._tokens)
        if name in ("updateMask", "readMask"):
            return self._random.choice(_MASKS)
        return "fuzz" if name == "appId" else value

    def _fit(self, path: str, queue: str, time: str, body: dict[str, Any]) -> None:
        """A body that fits, but for one of the fields that were made up."""
        task = (
            {"httpRequest": {"url": self._sink_url}}
            if queue != PULL
            else {"pullMessage": {"payload": "AAEC"}}
        )
        fitting: dict[str, dict[str, Any]] = {
            "/tasks": {"task": task},
            "/taskqueues/{taskqueue}/tasks": {"queueName": "pull", "payloadBase64": "AAEC"},
            "/taskqueues/{taskqueue}/tasks/{task}": {"queueName": "pull"},
            ":batchCreate": {"requests": [{"parent": queue, "task": task}]},
            ":lease": {"maxTasks": 3, "leaseDuration": "60s"},
            ":acknowledge": {"scheduleTime": time},
            ":cancelLease": {"scheduleTime": time},
            ":renewLease": {"scheduleTime": time, "leaseDuration": "60s"},
            ":run": {},
        }
        for ending in sorted(fitting, key=len, reverse=True):
            if path.endswith(ending):
                kept = dict(self._random.sample(sorted(body.items()), min(1, len(body))))
                body.clear()
                body.update(
                    {**kept, **fitting[ending]}
                    if self._random.random() < 0.8
                    else {**fitting[ending], **kept}
                )
                break

    def _name(self, path: str, queue: str, body: dict[str, Any]) -> None:
        """The names within a body are those of its path, or new ones under it."""
        if path.endswith("/queues"):
            self._numbers += 1
            body["name"] = f"{PARENT}/queues/new-{self._numbers % 50}"
        elif "name" in body:
            body["name"] = queue
        for item in [body, *(item for item in body.get("requests") or () if isinstance(item, dict))]:
            if isinstance(item.get("task"), dict) and "name" in item["task"]:
                item["task"]["name"] = self._new_task(queue)
            if "parent" in item:
                item["parent"] = queue
        if isinstance(body.get("names"), list):
            body["names"] = self._random.sample(self._tasks, self._random.randrange(_TASKS))

    def _new_task(self, queue: str) -> str:
        self._numbers += 1
        return f"{queue}/tasks/task-{self._numbers}"

    def _keep_here(self, body: Any) -> None:
        if isinstance(body, list):
            for item in body:
                self._keep_here(item)
        elif isinstance(body, dict):
            for name, value in body.items():
                if name == "host":
                    body[name] = self._random.choice(_HOSTS)
                elif name == "url" or (isinstance(value, str) and "://" in value):
                    body[name] = self._url()
                else:
                    self._keep_here(value)

    def _url(self) -> str:
        chance = self._random.random()
        if chance < 0.1:
            return "no url"
        base = self._sink_url if chance < 0.7 else f"http://{self._random.choice(_HOSTS)}"
        return base + self._random.choice(_PATHS)


def _in_a_week() -> str:
    return (datetime.now(UTC) + timedelta(days=7)).isoformat()
