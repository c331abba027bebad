"""The request that an attempt sends."""

from collections.abc import Sequence

from taskweir.domain.model import Authorization
from taskweir.domain.names import TaskName
from taskweir.domain.times import Micros
from taskweir.domain.value import value


@value
class OutgoingRequest:
    """The request of one attempt of `task`.

    `headers` are complete but for Host and Content-Length, which the sender makes (`host`, when set, is the Host
    header's value, and `url` only says where to connect and what to ask for). `deadline` is in microseconds of real
    time. `authorization` is a token still to be minted, with its audience. `unsendable`, when set, says why this server has nowhere to
    send the request: the attempt fails without one.
    """

    task: TaskName
    method: str
    url: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    deadline: Micros
    host: str = ""
    authorization: Authorization | None = None
    unsendable: str = ""
