"""The composition root: the one place that makes the parts and joins them, and that stops them in order."""

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Mapping
from typing import Any, Final, Self

from taskweir.api.authentication import CallerTokens
from taskweir.api.certificate import Certificate
from taskweir.api.control.control import Control
from taskweir.api.faulty_calls import FaultyCalls
from taskweir.api.grpc_transport import GrpcTransport
from taskweir.api.http.connection import Answer
from taskweir.api.http.origin import Origins
from taskweir.api.http.server import HttpServer
from taskweir.api.http2.server import Http2Server
from taskweir.api.methods import Calls, Observe
from taskweir.api.port_limits import PortLimits
from taskweir.api.renewed_file import UnusableFile
from taskweir.api.rest.credentials import guarded
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
from taskweir.domain.app_engine import AppEngine
from taskweir.domain.target_policy import TargetPolicy
from taskweir.domain.times import SECOND
from taskweir.domain.ttl import Ttls
from taskweir.health import Health
from taskweir.metrics.metrics import Metrics
from taskweir.metrics.route import metrics_page
from taskweir.open_files import OpenFiles
from taskweir.push.attempt import Dispatcher
from taskweir.push.capacity import Capacity
from taskweir.push.curl_sender import CurlSender
from taskweir.push.executions import Executions
from taskweir.push.late_effects import LateEffects
from taskweir.push.sender import Sender
from taskweir.push.tokens import Tokens
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
from taskweir.tokens.kept_secrets import BadKeyFile, DataSecrets, access_token_secret, given_key, kept_key
from taskweir.tokens.minting import Minting
from taskweir.tokens.pages import token_pages

_LOG: Final = logging.getLogger("taskweir.server")

_TIMES_A_QUEUE: Final = 2
"""Attempts in flight over all queues, as a multiple of what one queue may have: so one can have all it may."""
_BODY_BYTES: Final = 256 << 20
"""Of bodies in the worker's memory, whatever the backlog."""


class Server:
    """A running server. Made by `start`."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        tokens: Minting,
        sender: Sender,
        worker: Worker,
        grpc_server: GrpcTransport,
        rest: Rest,
        health: Health,
    ) -> None:
        self._settings = settings
        self._store = store
        self._tokens = tokens
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
        certificate, callers = _protection(settings)
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
            tokens = _minting(settings, store, clock)
            undo.callback(tokens.close)
            faults = Faults()
            sender = FaultySender(sender or _curl_sender(settings, tokens), faults, late)
            undo.push_async_callback(sender.close)
            executions = Executions(clock, metrics.attempts)
            files = OpenFiles.shared_out(
                settings.max_connections,
                attempts=_TIMES_A_QUEUE * settings.queue_bounds.concurrent,
                relayed=settings.grpc_transport == "grpcio",
            )
            worker = _worker(settings, store, clock, sender, executions, late, files.attempts)
            services = _services(settings, store, clock, executions, worker)
            configured = ConfiguredQueues(settings, services.queues, services.queue_files)
            await configured.have()
            sweeper = Sweeper(store, clock)
            listeners.add(worker)
            listeners.add(sweeper)
            await worker.start()
            observe = metrics.calls.observe
            surfaces = _surfaces(settings, services, faults, observe, callers)
            if settings.has_control:
                history = History(store, clock)
                listeners.add(history)
                rpcs = surfaces.rpcs()
                control = _control(store, clock, worker, sweeper, faults, history, configured, rpcs)
                # Neither --strict nor a fault may stand between a test and what it steers with.
                surfaces = surfaces.with_control(control, Calls(observe=observe, authenticate=callers))
            idle = settings.idle_timeout
            grpc_server = _grpc_server(settings, surfaces, certificate, PortLimits(files.grpc, idle), callers)
            rest = Rest(surfaces.http)
            undo.push_async_callback(grpc_server.stop, 0)
            server = cls(settings, store, tokens, sender, worker, grpc_server, rest, health)
            pages = {
                # It has the names of queues.
                "/metrics": guarded(
                    metrics_page(lambda: metrics.scrape(store, clock, worker.rate_factors())), callers
                ),
                "/openapi.json": openapi_page(surfaces.http),
                **token_pages(tokens.key, settings.openid_issuer, has_tls=bool(settings.tls_cert)),
            }
            await server._listen(pages, certificate, PortLimits(files.http, idle))
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

    async def _listen(
        self, pages: Mapping[str, Answer], certificate: Certificate | None, http_limits: PortLimits
    ) -> None:
        host = self._settings.host
        try:
            port = self._grpc.bind(host, self._settings.port)
        except UnusableFile as error:
            raise SettingsError(str(error)) from error
        try:
            self._http = await HttpServer.start(
                host,
                self._settings.http_port,
                lambda: self._health.trouble,
                pages,
                self._rest.answer,
                origins=Origins.parse(self._settings.allow_origin),
                http2=self._grpc.for_http(http_limits.connections),
                certificate=certificate,
                silence=http_limits.idle / SECOND,
                most_connections=http_limits.connections,
            )
        except BaseException:
            # What was bound and never started, a stop would leave to listen, and to answer nobody.
            await self._grpc.start()
            raise
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
        self._tokens.close()
        await self._store.close()


def _watched(part: Coroutine[Any, Any, None], name: str, health: Health) -> asyncio.Task[None]:
    def ended(task: asyncio.Task[None]) -> None:
        health.part_ended(name, None if task.cancelled() else task.exception())

    task = asyncio.create_task(part)
    task.add_done_callback(ended)
    return task


def _protection(settings: Settings) -> tuple[Certificate | None, CallerTokens | None]:
    """What both ports show for themselves, and what they ask callers for."""
    cert, key, tokens = settings.tls_cert, settings.tls_key, settings.auth_token_file
    try:
        return Certificate(cert, key) if cert else None, CallerTokens(tokens) if tokens else None
    except UnusableFile as error:
        raise SettingsError(str(error)) from error


def _grpc_server(
    settings: Settings,
    surfaces: Surfaces,
    certificate: Certificate | None,
    limits: PortLimits,
    callers: CallerTokens | None,
) -> GrpcTransport:
    if settings.grpc_transport == "grpcio":
        from taskweir.api.grpc.server import GrpcServer  # noqa: PLC0415 - only what is used is loaded

        return GrpcServer(surfaces.grpc, certificate, limits, callers)
    tls = certificate.for_http2() if certificate is not None else None
    return Http2Server(surfaces.grpc, tls=tls, limits=limits, authenticate=callers)


def _retention(settings: Settings) -> Retention:
    return Retention(
        task_tombstone=settings.task_tombstone,
        queue_tombstone=settings.queue_tombstone,
        task=settings.task_retention,
        operation=limits.OPERATION_LIFE,
        history=settings.history_retention,
        history_size=settings.history_size if settings.has_control else 0,
    )


def _minting(settings: Settings, store: Store, clock: Clock) -> Minting:
    data = DataSecrets(store, settings.data)
    try:
        key = given_key(settings.token_key) if settings.token_key else kept_key(data)
    except BadKeyFile as error:
        raise SettingsError(f"--token-key {settings.token_key}: {error}") from error
    now = clock.now if settings.tokens_follow_clock else real_now
    return Minting(key, access_token_secret(data), settings.openid_issuer, now)


def _curl_sender(settings: Settings, tokens: Tokens) -> Sender:
    try:
        return CurlSender(
            settings.ca_file or None,
            insecure_targets=settings.insecure_targets,
            tokens=tokens,
            target_map=settings.target_map,
            policy=TargetPolicy(
                settings.allow_target, settings.deny_target, beyond_loopback=settings.is_beyond_loopback
            ),
        )
    except OSError as error:
        raise SettingsError(f"--ca-file {settings.ca_file}: {error.strerror or error}") from error


def _services(
    settings: Settings, store: Store, clock: Clock, executions: Executions, worker: Worker
) -> Services:
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
            bounds=settings.queue_bounds,
        ),
        stats=QueueStatsService(store, executions, worker, leases),
        tasks=tasks,
        leases=leases,
        batches=BatchService(store, clock, tasks),
        policies=PolicyService(store),
        cmek=CmekService(store),
        locations=LocationService(store, clock, settings.location, strict=strict),
        queue_files=QueueFileService(store, clock, settings.location, settings.queue_bounds),
        buffering=BufferService(store, tasks),
    )


def _surfaces(
    settings: Settings, services: Services, faults: Faults, observe: Observe, callers: CallerTokens | None
) -> Surfaces:
    checks = [Strictness(real_now)] if settings.strict else []
    return Surfaces.of(
        services,
        Calls(checks, FaultyCalls(faults), observe, callers),
        functions=settings.functions_url,
        location=settings.location,
        timestamps=settings.taskqueue_timestamps,
    )


def _worker(
    settings: Settings,
    store: Store,
    clock: Clock,
    sender: Sender,
    executions: Executions,
    late: LateEffects,
    attempts: int,
) -> Worker:
    dispatcher = Dispatcher(
        store,
        sender,
        clock,
        AppEngine(settings.app_engine_host, settings.app_engine),
        keeps_history=settings.has_control and settings.history_size > 0,
        observer=executions,
        slows_queues=settings.congestion,
    )
    return Worker(store, clock, dispatcher, Capacity(attempts, _BODY_BYTES), late)


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
