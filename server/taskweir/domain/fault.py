"""Faults: what goes wrong on purpose, and with what. Plain values; which of them acts is decided in control/."""

import re
from dataclasses import dataclass
from typing import Final

from taskweir.domain.errors import Code
from taskweir.domain.scope import EVERYTHING, Scope
from taskweir.domain.times import Micros

_AUTHORITY_END: Final = re.compile(r"[/?#]")
_PORT: Final = re.compile(r":[0-9]*$")


@dataclass(frozen=True, slots=True)
class CallMatch:
    """Calls of a method, `CreateTask` or `google.cloud.tasks.v2.CloudTasks/CreateTask` (empty for any), about a
    resource in the scope."""

    method: str = ""
    scope: Scope = EVERYTHING

    def matches(self, rpc: str, about: Scope) -> bool:
        """`rpc` is the full path of the method called, `about` the resource named in the request."""
        named = not self.method or rpc == self.method or rpc.rpartition("/")[2] == self.method
        return named and self.scope.covers(about)


@dataclass(frozen=True, slots=True)
class AttemptMatch:
    """Attempts of tasks in the scope, at a target: how its URL begins, or its host with or without the port."""

    scope: Scope = EVERYTHING
    target: str = ""

    def matches(self, task: Scope, url: str) -> bool:
        return self.scope.covers(task) and _is_at(url, self.target)


def _is_at(url: str, target: str) -> bool:
    if "://" in target:
        return url.startswith(target)
    authority = _AUTHORITY_END.split(url.partition("://")[2], maxsplit=1)[0].rpartition("@")[2].lower()
    return not target or target.lower() in (authority, _PORT.sub("", authority))


@dataclass(frozen=True, slots=True)
class Fail:
    """Calls fail with `code` and `message`, attempts are answered with `http_status`."""

    code: Code = Code.UNAVAILABLE
    message: str = ""
    http_status: int = 503
    after_effect: bool = False


@dataclass(frozen=True, slots=True)
class Delay:
    """As usual, after `duration` of real time."""

    duration: Micros


@dataclass(frozen=True, slots=True)
class CutOff:
    """No answer comes."""

    after_effect: bool = False


@dataclass(frozen=True, slots=True)
class LoseEffect:
    """Answered as if all were well, without effect."""


@dataclass(frozen=True, slots=True)
class AnswerEarly:
    """Answered as if all were well; the effect comes `delay` of real time later."""

    delay: Micros = 0


@dataclass(frozen=True, slots=True)
class DeliverTwice:
    """Carried out twice, one after the other; the first answer counts."""


Match = CallMatch | AttemptMatch
Action = Fail | Delay | CutOff | LoseEffect | AnswerEarly | DeliverTwice


@dataclass(frozen=True, slots=True)
class Fault:
    """`times` 0 is without end, `percent` None is always; `matched` and `acted` count what was met so far."""

    match: Match
    action: Action
    times: int = 0
    percent: float | None = None
    seed: int = 0
    number: int = 0
    matched: int = 0
    acted: int = 0

    @property
    def name(self) -> str:
        return f"faults/{self.number}"
