"""Path templates, and which of them a path is for."""

import pytest

from taskweir.api.http_rule import Binding, Template
from taskweir.api.rest.router import Router
from taskweir.domain.errors import InvalidArgument


@pytest.mark.parametrize(
    ("template", "path", "values"),
    [
        ("/v1/clock", "/v1/clock", {}),
        ("/v1/clock", "/v1/clocks", None),
        ("/v1/clock", "/v1/clock/", None),
        ("/v1/clock", "/v1", None),
        ("/v1/clock", "/v1/cl%6Fck", {}),
        ("/v1/*/x", "/v1/anything/x", {}),
        ("/v1/{name}", "/v1/a", {"name": "a"}),
        ("/v1/{name}", "/v1/", None),
        ("/v1/{name}", "/v1/a/b", None),
        ("/v1/{name=*}", "/v1/a%2Fb", {"name": "a/b"}),
        ("/v1/{name=*}", "/v1/a+b%20%C3%BC%25", {"name": "a+b ü%"}),
        ("/v1/{name=faults/*}", "/v1/faults/1", {"name": "faults/1"}),
        ("/v1/{name=faults/*}", "/v1/fault/1", None),
        ("/v1/{name=a/*/b/*}/c", "/v1/a/1/b/2/c", {"name": "a/1/b/2"}),
        ("/v1/{name=a/*/b/*}/c", "/v1/a/1/b//c", None),
        ("/v1/{name=a/*}", "/v1/a/x%2fy%2Fz%20%7E", {"name": "a/x%2fy%2Fz ~"}),
        ("/v1/{queue.name=queues/*}", "/v1/queues/q", {"queue.name": "queues/q"}),
        ("/v1/{one}/x/{two=y/*}", "/v1/1/x/y/2", {"one": "1", "two": "y/2"}),
        ("/v1/{name=**}", "/v1/a/b//c", {"name": "a/b//c"}),
        ("/v1/{name=**}", "/v1/a", {"name": "a"}),
        ("/v1/{name=**}", "/v1", {"name": ""}),
        ("/v1/{name=a/**}", "/v1/a/b/c%2Fd", {"name": "a/b/c%2Fd"}),
        ("/v1/**", "/v1/a/b", {}),
    ],
)
def test_a_template_matches_paths(template: str, path: str, values: dict[str, str] | None) -> None:
    """Decoding what it takes; escaped slashes only where a variable is a single segment."""
    assert Template.parse(template).match(path[1:].split("/")) == values


@pytest.mark.parametrize(
    "template",
    [
        "",
        "v1/x",
        "/v1//x",
        "/v1/",
        "/v1/{",
        "/v1/{name=",
        "/v1/{name=a/{b}}",
        "/v1/{}",
        "/v1/{=a}",
        "/v1/**/x",
    ],
)
def test_what_is_no_template_is_refused(template: str) -> None:
    """At the start, when routes are made."""
    with pytest.raises(ValueError, match=r"template|segment|goes on"):
        Template.parse(template)


@pytest.mark.parametrize("path", ["%FF", "%C3", "\udcff"])
def test_a_path_that_is_no_text_is_refused(path: str) -> None:
    """Escaped or not."""
    with pytest.raises(InvalidArgument, match="UTF-8"):
        Template.parse("/{name}").match([path])


def test_a_verb_is_after_the_last_colon() -> None:
    """Colons of variables and literals before it are none."""
    assert Template.parse("/v1/{name=queues/*}:pause").verb == "pause"
    assert Template.parse("/v1/a:b/c").verb == ""
    assert Template.parse("/v1:reset").segments == ("v1",)
    assert Template.parse("/v1/:reset").segments == ("v1", "")


ROUTES = [
    ("GET", "/v1/{name=queues/*}"),
    ("POST", "/v1/{name=queues/*}:pause"),
    ("GET", "/v1/queues/special"),
    ("GET", "/v1/{rest=**}"),
    ("*", "/v1/{name=anyhow/*}"),
    ("POST", "/v1:reset"),
    ("POST", "/v1/:reset"),
    ("*", "/v2/{queue=queues/*}/tasks:buffer"),
    ("*", "/v2/{queue=queues/*}/tasks/:buffer"),
    ("*", "/v2/{queue=queues/*}/tasks/{task_id}:buffer"),
    ("POST", "/v2/{name=queues/*/tasks/*}:run"),
    ("GET", "/v2/{name=queues/*/tasks/*}"),
]


@pytest.mark.parametrize(
    ("method", "path", "found"),
    [
        ("GET", "/v1/queues/q", "GET /v1/{name=queues/*}"),
        ("GET", "/v1/queues/special", "GET /v1/queues/special"),
        ("GET", "/v1/queues/q/more", "GET /v1/{rest=**}"),
        ("GET", "/v1/queues/a:b", "GET /v1/{name=queues/*}"),
        ("GET", "/v1/queues/reset", "GET /v1/{name=queues/*}"),
        ("POST", "/v1/queues/q:pause", "POST /v1/{name=queues/*}:pause"),
        ("POST", "/v1/queues/a:b:pause", "POST /v1/{name=queues/*}:pause"),
        ("POST", "/v1/queues/q", None),
        ("GET", "/v1/queues/q:pause", None),
        ("POST", "/v1:reset", "POST /v1:reset"),
        ("POST", "/v1/:reset", "POST /v1/:reset"),
        ("POST", "/v1/reset", None),
        ("DELETE", "/v1/anyhow/x", "* /v1/{name=anyhow/*}"),
        ("POST", "/v2/queues/q/tasks:buffer", "* /v2/{queue=queues/*}/tasks:buffer"),
        ("GET", "/v2/queues/q/tasks/:buffer", "* /v2/{queue=queues/*}/tasks/:buffer"),
        ("PUT", "/v2/queues/q/tasks/a:b:buffer", "* /v2/{queue=queues/*}/tasks/{task_id}:buffer"),
        ("POST", "/v2/queues/q/tasks/t:run", "POST /v2/{name=queues/*/tasks/*}:run"),
        ("POST", "/v2/queues/q/tasks/:run", None),
        ("GET", "/v2/queues/q/tasks/", None),
        ("GET", "/", None),
        ("GET", "", None),
    ],
)
def test_a_path_finds_the_most_literal_route(method: str, path: str, found: str | None) -> None:
    """By its method and its verb. A colon that begins no known verb is a part of the name."""
    router: Router[str] = Router()
    for verb, template in reversed(ROUTES):
        router.add(Binding(verb, Template.parse(template), ""), f"{verb} {template}")

    answer = router.find(method, path)

    assert (answer and answer[0]) == found


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/v1/queues/q", ["GET"]),
        ("/v1/queues/q:pause", ["POST"]),
        ("/v1/anyhow/x", ["*", "GET"]),
        ("/v1:reset", ["POST"]),
        ("/v2/queues", []),
    ],
)
def test_a_path_tells_its_methods(path: str, methods: list[str]) -> None:
    """Each once, in order."""
    router: Router[str] = Router()
    for method, template in ROUTES:
        router.add(Binding(method, Template.parse(template), ""), template)

    assert router.http_methods(path) == methods


def test_a_name_keeps_its_colon() -> None:
    """Projects of domains have one."""
    router: Router[str] = Router()
    router.add(Binding("POST", Template.parse("/v1/{name=projects/*}:run"), ""), "run")

    assert router.find("POST", "/v1/projects/example.com:app:run") == (
        "run",
        {"name": "projects/example.com:app"},
    )
