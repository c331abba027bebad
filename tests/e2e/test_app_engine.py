"""App Engine tasks, from a call to the handler of the service that they are for."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Final

import aiohttp
import pytest
from google.cloud import tasks_v2
from tests.e2e.test_dispatch import QUEUE, answer, client_of, headers_of, settings
from tests.eventually import eventually
from tests.push.raw_target import RawTarget

from taskweir.app import Server
from taskweir.clock import SteeredClock
from taskweir.domain.times import HOUR

ENTRIES: Final = ("default", "worker", "v2.worker", "0.v2.worker")

ROUTES: Final = [
    # what the task names, what the queue names, who gets it, the Host there and in the task
    ({}, None, "default", "p.appspot.com"),
    ({"service": "default"}, None, "default", "default.p.appspot.com"),
    ({"version": "v2"}, None, "default", "v2.p.appspot.com"),
    ({"service": "worker"}, None, "worker", "worker.p.appspot.com"),
    ({"service": "worker", "version": "v1"}, None, "worker", "v1.worker.p.appspot.com"),
    ({"service": "worker", "version": "v2"}, None, "v2.worker", "v2.worker.p.appspot.com"),
    (
        {"service": "worker", "version": "v2", "instance": "1"},
        None,
        "v2.worker",
        "1.v2.worker.p.appspot.com",
    ),
    (
        {"service": "worker", "version": "v2", "instance": "0"},
        None,
        "0.v2.worker",
        "0.v2.worker.p.appspot.com",
    ),
    ({"service": "worker", "version": "v2"}, {}, "default", "p.appspot.com"),
    ({}, {"service": "worker"}, "worker", "worker.p.appspot.com"),
    ({"service": "api"}, None, "others", "api.127.0.0.1"),
    ({"service": "worker"}, {"service": "api", "version": "v1"}, "others", "v1.api.127.0.0.1"),
]


@pytest.mark.parametrize(("routing", "override", "receiver", "host"), ROUTES)
async def test_a_task_goes_to_the_most_specific_address_and_its_host_is_production_s(
    routing: Mapping[str, str], override: Mapping[str, str] | None, receiver: str, host: str
) -> None:
    """The queue's routing replaces the task's whole, and the task shows its own. Where a service has no address, all
    go to the one for the others, with that in Host."""
    async with AsyncExitStack() as until_done:
        targets = {
            name: await until_done.enter_async_context(RawTarget.serving(answer(200)))
            for name in (*ENTRIES, "others")
        }
        flags = {
            "app-engine": ",".join(f"{name}=http://127.0.0.1:{targets[name].port}" for name in ENTRIES),
            "app-engine-host": f"http://127.0.0.1:{targets['others'].port}",
        }
        server = await Server.start(settings(**flags))
        until_done.push_async_callback(server.stop)
        client = client_of(server)
        until_done.push_async_callback(client.transport.close)
        if override is not None:
            queue = await client.update_queue(queue={"name": QUEUE, "app_engine_routing_override": override})
            assert queue.app_engine_routing_override.host == shown_host(override)
        task = await client.create_task(
            parent=QUEUE, task={"app_engine_http_request": {"app_engine_routing": routing}}
        )
        assert task.app_engine_http_request.app_engine_routing == tasks_v2.AppEngineRouting(
            **routing, host=shown_host(routing)
        )
        await eventually(lambda: any(target.received for target in targets.values()))
    received = {name: target.received for name, target in targets.items() if target.received}
    assert list(received) == [receiver]
    port = f":{targets['others'].port}" if receiver == "others" else ""
    assert headers_of(received[receiver][0])["Host"] == host + port


def shown_host(routing: Mapping[str, str]) -> str:
    labels = [routing.get(name, "") for name in ("instance", "version", "service")]
    return ".".join(label for label in (*labels, "p.appspot.com") if label)


async def test_a_queue_that_is_routed_elsewhere_takes_tasks_that_are_there_with_it() -> None:
    """At dispatch, also when it is tried again, or run by hand."""
    clock = SteeredClock(frozen_at=0)
    async with RawTarget.serving(answer(500)) as one, RawTarget.serving(answer(200)) as other:
        flags = {"app-engine": f"one=http://127.0.0.1:{one.port},other=http://127.0.0.1:{other.port}"}
        server = await Server.start(settings(**flags), clock=clock)
        client = client_of(server)
        request = {"app_engine_routing": {"service": "one"}}
        task = await client.create_task(parent=QUEUE, task={"app_engine_http_request": request})
        await eventually(lambda: one.received and server.attempts_in_flight == 0)
        await client.update_queue(queue={"name": QUEUE, "app_engine_routing_override": {"service": "other"}})
        clock.advance(HOUR)
        await eventually(lambda: other.received)
        await client.transport.close()
        await server.stop()
    assert task.app_engine_http_request.app_engine_routing.host == "one.p.appspot.com"
    assert headers_of(other.received[0])["Host"] == "other.p.appspot.com"
    assert (len(one.received), len(other.received)) == (1, 1)


async def test_a_target_of_queue_yaml_leads_to_its_service() -> None:
    """With the host that the queue shows."""
    yaml = "queue:\n- name: q\n  rate: 5/s\n  target: v2.worker\n"
    async with RawTarget.serving(answer(200)) as worker:
        server = await Server.start(settings(**{"app-engine": f"worker=http://127.0.0.1:{worker.port}"}))
        client = client_of(server)
        url = f"http://{server.http_address}/api/queue/update?appId=p"
        async with aiohttp.ClientSession() as session, session.post(url, data=yaml) as reply:
            assert reply.status == 200
        queue = await client.get_queue(name=QUEUE)
        await client.create_task(parent=QUEUE, task={"app_engine_http_request": {}})
        await eventually(lambda: worker.received)
        await client.transport.close()
        await server.stop()
    assert queue.app_engine_routing_override.host == "v2.worker.p.appspot.com"
    assert headers_of(worker.received[0])["Host"] == "v2.worker.p.appspot.com"


async def test_a_service_without_an_address_fails_its_attempts_and_says_what_to_set() -> None:
    """Nothing goes to another service, nor to a live application."""
    clock = SteeredClock(frozen_at=0)
    async with RawTarget.serving(answer(200)) as worker:
        server = await Server.start(
            settings(**{"app-engine": f"worker=http://127.0.0.1:{worker.port}"}), clock=clock
        )
        client = client_of(server)
        created = await client.create_task(parent=QUEUE, task={"app_engine_http_request": {}})
        await eventually(lambda: server.attempts_in_flight == 0)
        task = created
        while not task.last_attempt.response_time:
            task = await client.get_task(name=created.name)
        await client.transport.close()
        await server.stop()
    status = task.last_attempt.response_status
    assert (status.code, worker.received) == (2, [])
    assert "set --app-engine default=URL, or --app-engine-host" in status.message
