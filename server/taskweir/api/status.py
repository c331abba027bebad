"""Refusals as google.rpc.Status, the form in which every surface sends them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from taskweir.domain.errors import BadRequest, Code, Detail, ErrorInfo, Help, LocalizedMessage


def rpc_status(code: Code, message: str, details: Sequence[Detail] = ()) -> status_pb2.Status:
    """A google.rpc.Status with its details packed."""
    return status_pb2.Status(code=code, message=message, details=[_packed(detail) for detail in details])


def _packed(detail: Detail) -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(_MESSAGES[type(detail)](detail))
    return packed


def _help(detail: Help) -> error_details_pb2.Help:
    link = error_details_pb2.Help.Link(description=detail.description, url=detail.url)
    return error_details_pb2.Help(links=[link])


def _error_info(detail: ErrorInfo) -> error_details_pb2.ErrorInfo:
    return error_details_pb2.ErrorInfo(reason=detail.reason, domain=detail.domain, metadata=detail.metadata)


def _localized_message(detail: LocalizedMessage) -> error_details_pb2.LocalizedMessage:
    return error_details_pb2.LocalizedMessage(locale=detail.locale, message=detail.message)


def _bad_request(detail: BadRequest) -> error_details_pb2.BadRequest:
    violations = [
        error_details_pb2.BadRequest.FieldViolation(field=one.field, description=one.description)
        for one in detail.violations
    ]
    return error_details_pb2.BadRequest(field_violations=violations)


_MESSAGES: Final[Mapping[type[Detail], Callable[[Any], Message]]] = {
    Help: _help,
    ErrorInfo: _error_info,
    LocalizedMessage: _localized_message,
    BadRequest: _bad_request,
}
