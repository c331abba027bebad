"""Retry configs, of queues and of tasks."""

from typing import TypeAlias

from taskweir.api.convert import micros, put_micros
from taskweir.domain.model import RetryConfig
from taskweir_pb.v2 import queue_pb2 as v2
from taskweir_pb.v2beta2 import queue_pb2 as v2beta2
from taskweir_pb.v2beta3 import queue_pb2 as v2beta3

_RetryConfig: TypeAlias = v2.RetryConfig | v2beta3.RetryConfig
_AnyRetryConfig: TypeAlias = _RetryConfig | v2beta2.RetryConfig


def retry_config(message: _RetryConfig, path: str) -> RetryConfig:
    """`path` names the message in the request. Raises InvalidArgument."""
    return retry_config_with(message.max_attempts, message, path)


def retry_config_with(max_attempts: int, message: _AnyRetryConfig, path: str) -> RetryConfig:
    """All but the number of attempts, which v2beta2 says in a way of its own."""
    return RetryConfig(
        max_attempts=max_attempts,
        max_retry_duration=micros(f"{path}.max_retry_duration", message.max_retry_duration),
        min_backoff=micros(f"{path}.min_backoff", message.min_backoff),
        max_backoff=micros(f"{path}.max_backoff", message.max_backoff),
        max_doublings=message.max_doublings,
    )


def put_retry_config(message: _RetryConfig, config: RetryConfig) -> None:
    message.max_attempts = config.max_attempts
    put_backoff(message, config)


def put_backoff(message: _AnyRetryConfig, config: RetryConfig) -> None:
    """Write all but the number of attempts. An unlimited retry duration is left unset, as in production."""
    if config.max_retry_duration:
        put_micros(message.max_retry_duration, config.max_retry_duration)
    put_micros(message.min_backoff, config.min_backoff)
    put_micros(message.max_backoff, config.max_backoff)
    message.max_doublings = config.max_doublings
