"""The composition root: the one place that makes the parts and joins them, and that stops them in order."""

import asyncio
import contextlib
import logging
import resource
from collections.abc import Coroutine, Mapping
from typing import Any, Final, Self

from taskweir.api.control.control import Control
from taskweir.api.faulty_calls import FaultyCalls
from taskweir.api.grpc.server import GrpcServer
from taskweir.api.http.connection import Answer
from taskweir.api.http.origin import Origins
from taskweir.api.http.relay import Relays
from taskweir.api.http.server import HttpServer
from taskweir.api.methods import Calls, Observe
from taskweir.api.rest.openapi import openapi_page
from taskweir.api.rest.surface import Rest
from taskweir.api.services import Services
from taskweir.api.strictness import Strictness
from taskweir.api.surfaces import Surfaces
from taskweir.api.v2.codec_task import stored_size
from taskweir.clock import Clock, SteeredClock, real_now
from taskweir.configured_queues import ConfiguredQueues
from taskweir.control.faults import Faults
from taskweir.control.faulty_sender import FaultySender
from taskweir.control.history import History
from taskweir.control.idling import Idling
from taskweir.control.resetting import Resetting
from taskweir.control.steering import Steering
from taskweir.domain import limits
from taskweir.domain.times import SECOND
from taskweir.domain.ttl import Ttls
from taskweir.health import Health
from taskweir.metrics.metrics import Metrics
from taskweir.metrics.route import metrics_page
from taskweir.push.attempt import Dispatcher
from taskweir.push.capacity import Capacity
from taskweir.push.curl_sender import CurlSender
from taskweir.push.executions import Executions
from taskweir.push.late_effects import LateEffects
from taskweir.push.sender import Sender
from taskweir.push.worker import Worker
from taskweir.service.batches import BatchService
from taskweir.service.buffering import BufferService
from taskweir.service.cmek import CmekService
from taskweir.service.leases import LeaseService
from taskweir.service.locations import LocationService
from taskweir.service.policies import PolicyService
from taskweir.service.queue_files import QueueFileService
from taskweir.service.queue_stats import QueueStatsService
from taskweir.service.queues import QueueService
from taskweir.service.tasks import TaskService
from taskweir.settings import Settings, SettingsError
from taskweir.store.base import Retention, Store
from taskweir.store.listeners import Listeners
from taskweir.store.sqlite import SqliteStore
from taskweir.store.sweeper import Sweeper

_LOG: Final = logging.getLogger("taskweir.server")

_MOST_ATTEMPTS: Final = 10_000
"""In flight over all queues: twice what production allows a queue, so that one queue can have all it may."""
_SPARE_FILES: Final = 512
"""Open files left for callers, the data file and the rest."""
_BODY_BYTES: Final = 256 << 20
"""Of bodies in the worker's memory, whatever the backlog."""


class Server:
    """A running server. Made by `start`."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        sender: Sender,
        worker: Worker,
        grpc_server: GrpcServer,
        rest: Rest,
        health: Health,
    ) -> None:
        self._settings = settings
        self._store = store
        self._sender = sender
        self._worker = worker
        self._grpc = grpc_server
        self._rest = rest
        self._health = health
        self._http: HttpServer | None = None
        self._background: list[asyncio.Task[None]] = []
        self.grpc_address = ""
        self.http_address = ""

    @classmethod
    async def start(
        cls, settings: Settings, *, clock: SteeredClock | None = None, sender: Sender | None = None
    ) -> Self:
        """Open the data, have the configured queues, and accept calls.

        Raises DataFileRefused, SettingsError for what turns out wrong only here, and OSError for an address that
        cannot be had.
        """
        clock = clock or SteeredClock()
        async with contextlib.AsyncExitStack() as undo:
            listeners = Listeners()
            metrics = Metrics()
            listeners.add(metrics)
            health = Health()
            late = LateEffects()
            store = await SqliteStore.open(
                settings.data,
                listener=listeners,
                retention=_retention(settings),
                durability=settings.durability,
                on_trouble=health.store_says,
                on_commit=metrics.commits.observe,
                on_put_off=late.begin_in,
            )
            undo.push_async_callback(store.close)
            for queue in await store.queues():
                metrics.queue_changed(queue)
            faults = Faults()
            sender = FaultySender(sender or _curl_sender(settings), faults, late)
            undo.push_async_callback(sender.close)
            executions = Executions(clock, metrics.attempts)
            services = _services(settings, store, clock, executions)
            configured = ConfiguredQueues(settings, services.queues, services.queue_files)
            await configured.have()
            worker = _worker(settings, store, clock, sender, executions, late)
            sweeper = Sweeper(store, clock)
            listeners.add(worker)
            listeners.add(sweeper)
            await worker.start()
            observe = metrics.calls.observe
            surfaces = _surfaces(settings, services, faults, observe)
            if settings.has_control:
                history = History(store, clock)
                listeners.add(history)
                rpcs = surfaces.rpcs()
                control = _control(store, clock, worker, sweeper, faults, history, configured, rpcs)
                # Neither --strict nor a fault may stand between a test and what it steers with.
                surfaces = surfaces.with_control(control, Calls(observe=observe))
            grpc_server, rest = GrpcServer(surfaces.grpc), Rest(surfaces.http)
            undo.push_async_callback(grpc_server.stop, 0)
            server = cls(settings, store, sender, worker, grpc_server, rest, health)
            pages = {
                "/metrics": metrics_page(lambda: metrics.scrape(store, clock)),
                "/openapi.json": openapi_page(surfaces.http),
            }
            await server._listen(pages)
            server._background = [
                _watched(worker.run(), "worker", health),
                _watched(sweeper.run(), "sweeper", health),
            ]
            health.open(grpc_server.set_serving, store.trouble)
            undo.pop_all()
        return server

    @property
    def attempts_in_flight(self) -> int:
        """Attempts that have begun and are not yet recorded."""
        return self._worker.in_flight

    async def _listen(self, pages: Mapping[str, Answer]) -> None:
        host = self._settings.host
        port = self._grpc.bind(host, self._settings.port)
        self._http = await HttpServer.start(
            host,
            self._settings.http_port,
            lambda: self._health.trouble,
            pages,
            self._rest.answer,
            origins=Origins.parse(self._settings.allow_origin),
            relays=Relays(host, port),
        )
        try:
            await self._grpc.start()
        except BaseException:
            await self._http.stop()
            raise
        self.grpc_address = _address(host, port)
        self.http_address = _address(host, self._http.port)

    async def stop(self) -> None:
        """Take no new calls, let calls and attempts in flight finish within the drain timeout, and close the data."""
        drain = self._settings.drain_timeout
        self._health.stopping = True
        grace = drain / SECOND
        _, _, cut_off = await asyncio.gather(
            self._grpc.stop(grace), self._rest.stop(grace), self._worker.stop(drain)
        )
        if cut_off:
            _LOG.warning("attempts that did not finish in time, and will be sent again: %d", cut_off)
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        if self._http is not None:
            await self._http.stop()
        await self._sender.close()
        await self._store.close()


def _watched(part: Coroutine[Any, Any, None], name: str, health: Health) -> asyncio.Task[None]:
    def ended(task: asyncio.Task[None]) -> None:
        health.part_ended(name, None if task.cancelled() else task.exception())

    task = asyncio.create_task(part)
    task.add_done_callback(ended)
    return task


def _retention(settings: Settings) -> Retention:
    return Retention(
        task_tombstone=settings.task_tombstone,
        queue_tombstone=settings.queue_tombstone,
        task=settings.task_retention,
        operation=limits.OPERATION_LIFE,
        history=settings.history_retention,
        history_size=settings.history_size if settings.has_control else 0,
    )


def _curl_sender(settings: Settings) -> Sender:
    try:
        return CurlSender(settings.ca_file or None, insecure_targets=settings.insecure_targets)
    except OSError as error:
        raise SettingsError(f"--ca-file {settings.ca_file}: {error.strerror or error}") from error


def _services(settings: Settings, store: Store, clock: Clock, executions: Executions) -> Services:
    strict = settings.strict
    tasks = TaskService(store, clock, stored_size, strict=strict)
    leases = LeaseService(store, clock, real_now, settings.lease_rate)
    return Services(
        queues=QueueService(
            store,
            clock,
            strict=strict,
            forget_purged_names=settings.hard_reset_on_purge_queue,
            ttls=Ttls(settings.task_retention, settings.task_tombstone),
        ),
        stats=QueueStatsService(store, executions, leases),
        tasks=tasks,
        leases=leases,
        batches=BatchService(store, clock, tasks),
        policies=PolicyService(store),
        cmek=CmekService(store),
        locations=LocationService(store, clock, settings.location, strict=strict),
        queue_files=QueueFileService(store, clock, settings.location),
        buffering=BufferService(store, tasks),
    )


def _surfaces(settings: Settings, services: Services, faults: Faults, observe: Observe) -> Surfaces:
    checks = [Strictness(real_now)] if settings.strict else []
    return Surfaces.of(
        services,
        Calls(checks, FaultyCalls(faults), observe),
        functions=settings.functions_url,
        location=settings.location,
        timestamps=settings.taskqueue_timestamps,
    )


def _worker(
    settings: Settings, store: Store, clock: Clock, sender: Sender, executions: Executions, late: LateEffects
) -> Worker:
    dispatcher = Dispatcher(
        store,
        sender,
        clock,
        settings.app_engine_host,
        keeps_history=settings.has_control and settings.history_size > 0,
        observer=executions,
    )
    return Worker(store, clock, dispatcher, Capacity(_attempts_allowed(), _BODY_BYTES), late)


def _attempts_allowed() -> int:
    """Each attempt in flight needs a socket: as many as the limit on open files has room for."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = _MOST_ATTEMPTS + _SPARE_FILES if hard == resource.RLIM_INFINITY else hard
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return max(16, min(_MOST_ATTEMPTS, files - _SPARE_FILES))


def _control(
    store: Store,
    clock: SteeredClock,
    worker: Worker,
    sweeper: Sweeper,
    faults: Faults,
    history: History,
    configured: ConfiguredQueues,
    rpcs: frozenset[str],
) -> Control:
    steering = Steering(clock, worker, sweeper)
    return Control(
        steering=steering,
        idling=Idling(store, clock, worker),
        resetting=Resetting(store, clock, worker, steering, faults, configured.have_again),
        history=history,
        faults=faults,
        rpcs=rpcs,
    )


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
