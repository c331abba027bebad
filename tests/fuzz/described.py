"""Requests made of the OpenAPI document by schemathesis: some fit it, some fail it in one place."""

import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import requests
import schemathesis
from schemathesis import engine
from schemathesis.config import SchemathesisConfig
from schemathesis.core import NOT_SET
from schemathesis.core.transport import Response
from schemathesis.engine.events import NonFatalError, ScenarioFinished
from schemathesis.engine.run import PhaseName
from schemathesis.generation.case import Case
from schemathesis.hooks import GLOBAL_HOOK_DISPATCHER, HookContext
from tests.fuzz.answers import SLOW, Answer, faults
from tests.fuzz.findings import Finding, Findings
from tests.fuzz.known import Known
from tests.fuzz.target import Target

_TIMEOUT: Final = 4 * SLOW
_RENEWED: Final = 150
"""Requests after which what is known to exist is there again."""
_LARGE: Final = 8
"""Paths of a surface that has rounds of its own."""
_QUEUE_YAML: Final = "/api/queue/update"
_CONTROL: Final = "/taskweir/"
_CHECKS: Final = ("response_schema_conformance",)
"""Of schemathesis' own; the rest is in answers.py."""


class Described:
    """Sends such requests, round after round."""

    def __init__(self, target: Target, seed: int, findings: Findings) -> None:
        self._target = target
        self._findings = findings
        self._seeds = random.Random(seed)
        self._known = Known(seed, target.sink_url)
        self._document = json.loads(target.call("GET", "/openapi.json", None)[1])
        self._surfaces = _surfaces(self._document["paths"])
        self._rounds = 0
        self.sent: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        """Requests by operation, and those that were not refused."""
        GLOBAL_HOOK_DISPATCHER.unregister_all()
        for name in ("before_call", "after_call", "after_network_error"):
            GLOBAL_HOOK_DISPATCHER.register_hook_with_name(getattr(self, f"_{name}"), name)

    @property
    def surfaces(self) -> int:
        """After as many rounds, every surface had one."""
        return len(self._surfaces)

    def send(self, seconds: int) -> None:
        """To the next surface, for about so long."""
        surface = self._surfaces[self._rounds % len(self._surfaces)]
        self._rounds += 1
        config = SchemathesisConfig.from_dict(self._options(seconds))
        schema = schemathesis.openapi.from_dict(self._document, config=config)
        schema.config.update(base_url=self._target.url)
        schema = schema.include(lambda tried: tried.operation.path in surface)
        for event in engine.from_schema(schema).execute():
            if isinstance(event, ScenarioFinished):
                for finding in _failures(event):
                    self._findings.add(finding)
            # A surface whose calls do not follow from each other has nothing to be tested so.
            elif isinstance(event, NonFatalError) and not (
                event.phase is PhaseName.STATEFUL_TESTING and not event.related_to_operation
            ):
                self._findings.add(
                    Finding(f"{event.label}: {event.info.title}", event.label, event.info.format())
                )

    def _options(self, seconds: int) -> dict[str, Any]:
        checks: dict[str, Any] = {"enabled": False, **{name: {"enabled": True} for name in _CHECKS}}
        return {
            "seed": self._seeds.randrange(1 << 30),
            "max-time": seconds,
            "continue-on-failure": True,
            "request-timeout": _TIMEOUT,
            "max-stream-events": 3,
            "max-redirects": 0,
            "generation": {"mode": "all", "no-shrink": True, "max-examples": 15, "database": "none"},
            "phases": {"examples": {"enabled": False}},
            "checks": checks,
        }

    def _before_call(self, _: HookContext, case: Case, kwargs: dict[str, Any]) -> None:
        if self.sent.total() % _RENEWED == 0:
            self._known.renew(self._target.call)
        case.path_parameters = dict(case.path_parameters or {})
        query = case.query if isinstance(case.query, dict) else {}
        self._known.steer(case.method, case.path, case.path_parameters, query, case.body)
        case.query = query
        if case.path == _QUEUE_YAML:
            case.body = self._known.queue_file()
        if case.path.endswith(":buffer") and case.method in ("GET", "DELETE"):
            case.body = NOT_SET
        if case.path.endswith(":reset"):
            # All of it is between rounds.
            case.body = {"parent": "projects/other"}
        if case.path.startswith(_CONTROL):
            case.headers = {**(case.headers or {}), "X-Server-Timeout": "1"}
        self.sent[case.operation.label] += 1

    def _after_call(self, _: HookContext, case: Case, response: Response) -> None:
        sent = response.request
        answer = Answer(
            urlsplit(sent.url or "").path,
            response.status_code,
            {name: values[0] for name, values in response.headers.items()},
            response.content,
            response.elapsed,
            waits="X-Server-Timeout" in sent.headers,
            is_protobuf="proto" in str((case.query or {}).get("alt")),
        )
        for fault in faults(answer):
            self._findings.add(Finding(f"{case.operation.label}: {fault}", _request(sent), _answer(response)))
        self._follow(case, response)

    def _after_network_error(self, _: HookContext, case: Case, request: requests.PreparedRequest) -> None:
        self._findings.add(Finding(f"{case.operation.label}: no answer", _request(request), ""))

    def _follow(self, case: Case, response: Response) -> None:
        """Learn from what was told. A fault is taken back at once: it would break other answers, as it should."""
        if response.status_code >= 300:
            return
        self.done[case.operation.label] += 1
        try:
            reply = json.loads(response.content)
        except ValueError:
            return
        if case.path == "/taskweir/v1/faults" and case.method == "POST":
            self._target.call("DELETE", f"/taskweir/v1/{reply['name']}", None)
        else:
            self._known.learn(reply)


def _surfaces(paths: Iterable[str]) -> Sequence[set[str]]:
    """Paths that begin alike; small surfaces together."""
    surfaces: dict[str, set[str]] = {}
    for path in paths:
        surfaces.setdefault(path.split("/")[1], set()).add(path)
    large = [surface for surface in surfaces.values() if len(surface) >= _LARGE]
    small = [surface for surface in surfaces.values() if len(surface) < _LARGE]
    return [*large, *([set().union(*small)] if small else [])]


def _failures(event: ScenarioFinished) -> Iterator[Finding]:
    """What schemathesis itself finds wrong."""
    recorder = event.recorder
    for case_id, checks in recorder.checks.items():
        for check in checks:
            if check.failure_info is not None:
                interaction = recorder.interactions.get(case_id)
                response = interaction.response if interaction is not None else None
                if response is None or _is_partial(response):
                    continue
                failure = check.failure_info.failure
                yield Finding(
                    f"{recorder.label}: {failure.title}",
                    _request(response.request),
                    f"{failure.message}\n{_answer(response)}",
                )


def _is_partial(response: Response) -> bool:
    """Whether the caller asked for something else than the whole answer."""
    query = urlsplit(response.request.url or "").query
    return "fields=" in query or "alt=" in query


def _request(request: requests.PreparedRequest) -> str:
    body = request.body if isinstance(request.body, bytes) else str(request.body or "").encode()
    headers = {name: value for name, value in request.headers.items() if name not in ("Accept", "Connection")}
    return f"{request.method} {request.url} {headers} {body.decode(errors='backslashreplace')}"


def _answer(response: Response) -> str:
    return f"{response.status_code} {response.content.decode(errors='backslashreplace')}"
