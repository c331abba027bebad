"""The sender on libcurl (pycurl): HTTP and TLS from a library the world relies on. Names are resolved by ourselves."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import pycurl

from taskweir.domain.model import Authorization
from taskweir.domain.outgoing import OutgoingRequest
from taskweir.domain.target_map import TargetMap
from taskweir.domain.target_policy import TargetPolicy
from taskweir.domain.times import SECOND, Micros
from taskweir.push.curl_loop import CurlLoop
from taskweir.push.resolver import Resolver
from taskweir.push.sender import Outcome
from taskweir.push.tokens import NoToken, NoTokens, Tokens
from taskweir.push.transfer import CLOSED, Transfer, unsent
from taskweir.push.trust import trust
from taskweir.push.wire_request import Unsendable, WireRequest, wire_request

KEPT_CONNECTIONS: Final = 4_096
"""Idle connections kept for later requests, to all targets together: with far fewer than come into use at once,
every burst would open and close the rest."""

_SPARE_HANDLES: Final = 4_096


class CurlSender:
    """Implements `Sender`. Connections are kept and used again; easy handles too.

    `ca_file` replaces the machine's certificate authorities; `insecure_targets` accepts any certificate. How many
    requests are in flight is the caller's to bound.
    """

    def __init__(
        self,
        ca_file: str | None = None,
        *,
        insecure_targets: bool = False,
        resolver: Resolver | None = None,
        tokens: Tokens | None = None,
        target_map: TargetMap | None = None,
        policy: TargetPolicy | None = None,
    ) -> None:
        """Without a `policy`, requests may go anywhere. Without `tokens`, an attempt that needs one is not sent. Must be made on the loop that it will run on. Raises
        OSError for a `ca_file` that cannot be read."""
        self._trust = trust(ca_file, insecure=insecure_targets)
        self._resolver = resolver or Resolver()
        self._tokens = tokens or NoTokens()
        self._target_map = target_map or TargetMap()
        self._policy = policy or TargetPolicy()
        self._curl_loop = CurlLoop(self._on_done, KEPT_CONNECTIONS)
        self._loop = asyncio.get_running_loop()
        self._in_flight: dict[pycurl.Curl, Transfer] = {}
        self._spare: list[Transfer] = []
        self._is_closed = False

    async def send(self, request: OutgoingRequest) -> Outcome:
        """Send one request. A cancelled call drops its transfer and closes that connection."""
        if self._is_closed:
            return unsent(CLOSED)
        try:
            wire = self._wire_request(request)
            if request.authorization is not None:
                wire = await self._with_token(wire, request.authorization)
        except (Unsendable, NoToken) as error:
            return unsent(str(error))
        if not wire.host.name:
            return await self._exchange(wire, (wire.host.address,), request.deadline)
        answer = self._resolver.known(wire.host.name)
        if answer is None:
            return await self._look_up_and_exchange(wire, request.deadline)
        if not answer.addresses:
            return _unresolved(wire, answer.error)
        return await self._exchange(wire, answer.addresses, request.deadline)

    async def close(self) -> None:
        """Drop requests in flight, whose callers are told so, and close kept connections."""
        if self._is_closed:
            return
        self._is_closed = True
        self._resolver.close()
        for transfer in list(self._in_flight.values()):
            outcome = transfer.outcome(pycurl.E_ABORTED_BY_CALLBACK, CLOSED)
            done = transfer.done
            self._drop(transfer)
            _tell(done, outcome)
        self._curl_loop.close()
        for transfer in self._spare:
            transfer.curl.close()
        self._spare.clear()

    def _wire_request(self, request: OutgoingRequest) -> WireRequest:
        """What can be refused without the addresses of a name is refused before a token is minted or a name server
        hears of it. Raises Unsendable."""
        wire = wire_request(request, self._target_map)
        name, address = wire.host.name, wire.host.address
        refusal = self._policy.refusal_of_name(name) if name else self._policy.refusal("", address)
        if refusal:
            raise Unsendable(refusal)
        return wire

    async def _with_token(self, wire: WireRequest, authorization: Authorization) -> WireRequest:
        """Raises Unsendable and NoToken."""
        wire = replace(wire, token=await self._tokens.bearer(authorization))
        if self._is_closed:  # meanwhile
            raise Unsendable(CLOSED)
        return wire

    async def _look_up_and_exchange(self, wire: WireRequest, deadline: Micros) -> Outcome:
        began = self._loop.time()
        try:
            answer = await self._resolver.resolve(wire.host.name, deadline)
        except TimeoutError:
            return _unresolved(wire, "no answer within the deadline", deadline, timed_out=True)
        waited = max(1, round((self._loop.time() - began) * SECOND))
        if self._is_closed:
            return Outcome(None, latency=waited, error=CLOSED)
        if not answer.addresses:
            return _unresolved(wire, answer.error, waited)
        return await self._exchange(wire, answer.addresses, deadline - waited, waited)

    async def _exchange(
        self, wire: WireRequest, found: tuple[str, ...], deadline: Micros, waited: Micros = 0
    ) -> Outcome:
        addresses, refusal = self._policy.vetted(wire.host.name, found)
        if refusal:
            return unsent(refusal)
        transfer = self._spare.pop() if self._spare else self._new_transfer()
        try:
            done = self._start(transfer, wire, addresses, deadline, waited)
        except (pycurl.error, UnicodeError) as error:
            self._recycle(transfer)
            return unsent(str(error))
        try:
            return await done
        except asyncio.CancelledError:
            if transfer.done is done:  # else it ended meanwhile, and may carry another request by now
                self._drop(transfer)
            raise

    def _new_transfer(self) -> Transfer:
        return Transfer(self._trust, self._curl_loop.socket_opened)

    def _start(
        self,
        transfer: Transfer,
        wire: WireRequest,
        addresses: Sequence[str],
        deadline: Micros,
        waited: Micros,
    ) -> asyncio.Future[Outcome]:
        transfer.request = wire
        transfer.refusal_of = None if self._policy.is_open else self._policy.refusal
        transfer.waited = waited
        # Names are forgotten so that what libcurl keeps grows no more than what the resolver keeps.
        transfer.options.set_for(wire, addresses, deadline, forget_names=waited > 0)
        transfer.done = done = self._loop.create_future()
        self._curl_loop.add(transfer.curl)
        self._in_flight[transfer.curl] = transfer
        return done

    def _on_done(self, curl: pycurl.Curl, errno: int, message: str) -> None:
        transfer = self._in_flight.pop(curl)
        outcome, done = transfer.outcome(errno, message), transfer.done
        self._recycle(transfer)
        _tell(done, outcome)

    def _drop(self, transfer: Transfer) -> None:
        del self._in_flight[transfer.curl]
        self._curl_loop.remove(transfer.curl)
        self._recycle(transfer)

    def _recycle(self, transfer: Transfer) -> None:
        if len(self._spare) < _SPARE_HANDLES:
            transfer.clear()
            self._spare.append(transfer)
        else:
            transfer.done = None
            transfer.curl.close()


def _tell(done: asyncio.Future[Outcome] | None, outcome: Outcome) -> None:
    if done is not None and not done.done():  # the caller may just have been cancelled
        done.set_result(outcome)


def _unresolved(wire: WireRequest, reason: str, waited: Micros = 0, *, timed_out: bool = False) -> Outcome:
    """A failed attempt as any other: nothing was sent, but the request was fit to be."""
    return Outcome(
        http_status=None,
        latency=waited,
        timed_out=timed_out,
        error=f"could not resolve host: {wire.host.name}: {reason}",
        request_line=wire.request_line,
        headers_sent=wire.headers,
    )
