"""Which of an App Engine application's services listens where."""

import re

import pytest
from tests.readme import README

from taskweir.domain.app_engine_host import AppEngineHost
from taskweir.domain.app_engine_services import AppEngineServices
from taskweir.domain.model import AppEngineRouting

SERVICES = AppEngineServices.parse(
    [
        "default=http://127.0.0.1:1",
        "v1.default=http://127.0.0.1:2",
        "Worker=127.0.0.1:3/",
        "v2.worker=http://127.0.0.1:4",
        "0.v2.worker=https://127.0.0.1:5",
    ]
)


@pytest.mark.parametrize(
    ("routing", "port"),
    [
        (AppEngineRouting(), 1),
        (AppEngineRouting("default"), 1),
        (AppEngineRouting(version="v1"), 2),
        (AppEngineRouting(version="v9", instance="0"), 1),
        (AppEngineRouting("worker"), 3),
        (AppEngineRouting("WORKER"), 3),
        (AppEngineRouting("worker", "v1"), 3),
        (AppEngineRouting("worker", "v2"), 4),
        (AppEngineRouting("worker", "v2", "1"), 4),
        (AppEngineRouting("worker", "v2", "0"), 5),
        (AppEngineRouting("worker", instance="0"), 3),
        (AppEngineRouting("v2.worker"), 4),
        (AppEngineRouting("other"), None),
        (AppEngineRouting("other", "v2"), None),
        (AppEngineRouting("orker"), None),
    ],
)
def test_the_most_specific_entry_says_where_a_routing_leads(
    routing: AppEngineRouting, port: int | None
) -> None:
    """An instance before its version, a version before its service; no service is the default one."""
    address = SERVICES.address_of(routing)
    assert (address and address.authority) == (port and f"127.0.0.1:{port}")


def test_addresses_may_be_of_tls_or_without_a_scheme() -> None:
    """As that of --app-engine-host."""
    assert SERVICES.addresses["0.v2.worker"] == AppEngineHost("https", "127.0.0.1:5")
    assert SERVICES.addresses["worker"] == AppEngineHost("http", "127.0.0.1:3")
    assert AppEngineServices.parse([]) == AppEngineServices()


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (["worker"], "'worker' is no service and its URL, such as worker=http://127.0.0.1:8081"),
        (["http://x"], "'http://x' is no service and its URL, such as worker=http://127.0.0.1:8081"),
        (["*=http://x"], "'*' is no service: --app-engine-host is for all that have no entry"),
        (["=http://x"], "'' is no service, such as worker, v2.worker or 0.v2.worker"),
        (["a b=http://x"], "'a b' is no service, such as worker, v2.worker or 0.v2.worker"),
        (["a..b=http://x"], "'a..b' is no service, such as worker, v2.worker or 0.v2.worker"),
        (["a.b.c.d=http://x"], "'a.b.c.d' is no service, such as worker, v2.worker or 0.v2.worker"),
        (["a="], "'' is no address of a service, such as in worker=http://127.0.0.1:8081"),
        (["a=ftp://x"], "'ftp://x' is no address of a service, such as in worker=http://127.0.0.1:8081"),
        (
            ["a=http://x/p"],
            "'http://x/p' is no address of a service, such as in worker=http://127.0.0.1:8081",
        ),
        (
            ["a=http://x:0"],
            "'http://x:0' is no address of a service, such as in worker=http://127.0.0.1:8081",
        ),
        (["a=http://x", "A=http://x"], "'a' is given twice"),
    ],
)
def test_a_bad_entry_is_refused(texts: list[str], says: str) -> None:
    """With what is wrong. App Engine serves no service below a path."""
    with pytest.raises(ValueError) as refusal:
        AppEngineServices.parse(texts)
    assert str(refusal.value) == says


def test_the_table_of_the_readme_holds() -> None:
    """Its entries, each with a routing that it gets; the default service is the one for tasks that name none."""
    table = README.partition("| `--app-engine` | gets the tasks |\n|---|---|\n")[2].partition("\n\n")[0]
    entries = [entry for entry in re.findall(r"`([^`]+)`", table) if "=" in entry]
    services = AppEngineServices.parse(entries)
    routings = (
        AppEngineRouting(),
        AppEngineRouting("worker", "v1"),
        AppEngineRouting("worker", "v2"),
        AppEngineRouting("worker", "v2", "0"),
    )
    found = [services.address_of(routing) for routing in routings]
    assert [address and f"{address.scheme}://{address.authority}" for address in found] == [
        entry.partition("=")[2] for entry in entries
    ]
