"""What a fault is about."""

import pytest

from taskweir.domain.fault import AttemptMatch, CallMatch, DeliverTwice, Fault
from taskweir.domain.names import LocationName
from taskweir.domain.scope import EVERYTHING, Scope

SERVICE = "google.cloud.tasks.v2.CloudTasks"
P = Scope("p")
QUEUE = Scope("p", "l", "q")
TASK = Scope("p", "l", "q", "t")


@pytest.mark.parametrize(
    ("match", "rpc", "about", "does"),
    [
        (CallMatch(), "CreateTask", QUEUE, True),
        (CallMatch(), "ListLocations", EVERYTHING, True),
        (CallMatch("CreateTask"), "CreateTask", QUEUE, True),
        (CallMatch("CreateTask"), "CreateQueue", QUEUE, False),
        (CallMatch("Task"), "CreateTask", QUEUE, False),
        (CallMatch("createtask"), "CreateTask", QUEUE, False),
        (CallMatch(f"{SERVICE}/CreateTask"), "CreateTask", QUEUE, True),
        (CallMatch("google.cloud.tasks.v2beta3.CloudTasks/CreateTask"), "CreateTask", QUEUE, False),
        (CallMatch("CreateTask", QUEUE), "CreateTask", QUEUE, True),
        (CallMatch("", P), "CreateTask", QUEUE, True),
        (CallMatch("", QUEUE), "GetTask", TASK, True),
        (CallMatch("", TASK), "ListTasks", QUEUE, False),
        (CallMatch("", Scope("p", "l", "other")), "CreateTask", QUEUE, False),
        (CallMatch("", P), "GetOperation", EVERYTHING, False),
    ],
)
def test_calls_match_by_method_and_resource(match: CallMatch, rpc: str, about: Scope, does: bool) -> None:
    """The method with its service or without; the resource itself and what is below it."""
    assert match.matches(f"{SERVICE}/{rpc}", about) is does


@pytest.mark.parametrize(
    ("target", "url", "does"),
    [
        ("", "http://a.example/x", True),
        ("a.example", "http://a.example/x", True),
        ("a.example", "https://a.example:8080/x", True),
        ("a.example:8080", "https://a.example:8080/x", True),
        ("a.example:80", "http://a.example/x", False),
        ("a.example:8080", "http://a.example:80801/x", False),
        ("a.example", "http://a.example.org/x", False),
        ("a.example", "http://b.example/a.example", False),
        ("a.example", "http://b.example?http://a.example/", False),
        ("a.example", "http://a.example#x", True),
        ("a.example", "http://a.example?x", True),
        ("A.Example", "http://a.example/", True),
        ("a.example", "http://A.EXAMPLE:1/", True),
        ("a.example", "http://user:word@a.example:1/", True),
        ("user", "http://user:word@a.example:1/", False),
        ("[::1]", "http://[::1]:80/", True),
        ("[::1]", "http://[::1]/", True),
        ("[::1]:80", "http://[::1]:80/", True),
        ("[:", "http://[::1]/", False),
        ("http://a.example/x", "http://a.example/x/y?z", True),
        ("http://a.example/x", "http://a.example/y", False),
        ("https://a.example/", "http://a.example/", False),
    ],
)
def test_attempts_match_by_target(target: str, url: str, does: bool) -> None:
    """The beginning of the URL, or its host with or without the port."""
    assert AttemptMatch(EVERYTHING, target).matches(TASK, url) is does


def test_attempts_match_by_resource_too() -> None:
    """Both must fit."""
    task = Scope.of(LocationName("p", "l").queue("q").task("t"))
    assert AttemptMatch(QUEUE, "a").matches(task, "http://a/")
    assert not AttemptMatch(Scope("p", "l", "r"), "a").matches(task, "http://a/")
    assert not AttemptMatch(QUEUE, "b").matches(task, "http://a/")


def test_a_fault_is_named_by_its_number() -> None:
    """As the control API shows it."""
    assert Fault(CallMatch(), DeliverTwice(), number=7).name == "faults/7"
