"""Retry configs, of queues and of tasks."""

from typing import TypeAlias

from taskweir.api.convert import micros, put_micros
from taskweir.domain.model import RetryConfig
from taskweir_pb.v2 import queue_pb2 as v2
from taskweir_pb.v2 import task_pb2 as v2_task
from taskweir_pb.v2beta2 import queue_pb2 as v2beta2
from taskweir_pb.v2beta3 import queue_pb2 as v2beta3
from taskweir_pb.v2beta3 import task_pb2 as v2beta3_task

_RetryConfig: TypeAlias = v2.RetryConfig | v2beta3.RetryConfig
_HasRetryConfig: TypeAlias = v2.Queue | v2beta3.Queue | v2_task.Task | v2beta3_task.Task
_AnyRetryConfig: TypeAlias = _RetryConfig | v2beta2.RetryConfig


def retry_config_field(message: _HasRetryConfig, path: str) -> RetryConfig | None:
    """None where it is not set. `path` names the message in the request. Raises InvalidArgument."""
    if not message.HasField("retry_config"):
        return None
    config = message.retry_config
    return retry_config_with(config.max_attempts, config, f"{path}.retry_config")


def retry_config_with(max_attempts: int, message: _AnyRetryConfig, path: str) -> RetryConfig:
    """All but the number of attempts, which v2beta2 says in a way of its own. `path` names this message."""
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
