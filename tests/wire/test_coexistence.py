"""Our stubs and the official client live in one process and understand each other's bytes."""

import os
import subprocess
import sys

import pytest
from google.cloud import tasks_v2
from google.iam.v1 import iam_policy_pb2
from google.longrunning import operations_pb2
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc.status_pb2 import Status

from taskweir.api.descriptors import descriptor_pool, service
from taskweir_pb.v2 import cloudtasks_pb2, queue_pb2, task_pb2

CLIENT = "from google.cloud import tasks_v2"
STUBS = "from taskweir_pb.v2 import cloudtasks_pb2_grpc"
POOL = "from taskweir.api.descriptors import descriptor_pool; descriptor_pool()"

SERVED = [
    "google.cloud.tasks.v2.CloudTasks",
    "google.cloud.location.Locations",
    "google.iam.v1.IAMPolicy",
    "google.longrunning.Operations",
    "grpc.health.v1.Health",
    "grpc.reflection.v1alpha.ServerReflection",
]


@pytest.mark.parametrize(
    "imports", [[CLIENT, STUBS, POOL], [POOL, STUBS, CLIENT]], ids=["client first", "stubs first"]
)
def test_client_and_stubs_load_in_either_order(imports: list[str]) -> None:
    """A registry that both share would refuse the second, so each order runs in a process of its own."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [
        sys.executable,
        "-Wignore::FutureWarning",  # Google's packages announce what they will need some day
        "-c",
        "\n".join([*imports, "print(tasks_v2.Task, cloudtasks_pb2_grpc.CloudTasksStub)"]),
    ]
    loaded = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert (loaded.returncode, loaded.stderr) == (0, "")


def test_a_task_of_the_client_keeps_every_byte() -> None:
    """What the client serialises, the stubs parse and serialise to the same bytes."""
    sent = tasks_v2.Task.serialize(client_task())
    assert task_pb2.Task.FromString(sent).SerializeToString() == sent


def test_a_queue_of_the_client_keeps_every_byte() -> None:
    """As for tasks; the fields with explicit presence are set to zero values, which must not be lost."""
    sent = tasks_v2.Queue.serialize(client_queue())
    assert queue_pb2.Queue.FromString(sent).SerializeToString() == sent


def test_the_stubs_know_every_field_of_the_bytes() -> None:
    """Bytes could survive as unknown fields; here each one has its name."""
    task = task_pb2.Task.FromString(tasks_v2.Task.serialize(client_task()))
    task.DiscardUnknownFields()
    assert task.SerializeToString() == tasks_v2.Task.serialize(client_task())
    assert task.http_request.headers["X-Kind"] == "order"
    assert task.http_request.WhichOneof("authorization_header") == "oidc_token"


def test_the_stubs_share_the_public_types() -> None:
    """Times, statuses, operations and IAM messages are the classes that everyone has."""
    task = task_pb2.Task(schedule_time=Timestamp(seconds=1), dispatch_deadline=Duration(seconds=15))
    assert type(task.schedule_time) is Timestamp
    assert type(task.dispatch_deadline) is Duration
    assert type(task.last_attempt.response_status) is Status
    methods = cloudtasks_pb2.DESCRIPTOR.services_by_name["CloudTasks"].methods_by_name
    assert methods["BatchCreateTasks"].output_type is operations_pb2.Operation.DESCRIPTOR
    assert methods["SetIamPolicy"].input_type is iam_policy_pb2.SetIamPolicyRequest.DESCRIPTOR


@pytest.mark.parametrize("name", SERVED)
def test_the_pool_knows_each_service_by_its_true_name(name: str) -> None:
    """Reflection can answer for all that is served, with the file it is in and the types of its methods."""
    found = service(name)
    assert found.full_name == name
    assert descriptor_pool().FindFileContainingSymbol(name).name == found.file.name
    for method in found.methods:
        assert descriptor_pool().FindMessageTypeByName(method.input_type.full_name) is method.input_type


def test_the_pool_refuses_a_name_it_does_not_know() -> None:
    """The stubs' own package name is no name of ours to the outside."""
    with pytest.raises(KeyError):
        service("taskweir_pb.v2.CloudTasks")


def client_task() -> tasks_v2.Task:
    return tasks_v2.Task(
        name="projects/p/locations/l/queues/q/tasks/t",
        http_request=tasks_v2.HttpRequest(
            url="https://example.com/handler",
            http_method=tasks_v2.HttpMethod.PUT,
            headers={"X-Kind": "order"},
            body=b"\x00\xff",
            oidc_token=tasks_v2.OidcToken(
                service_account_email="a@example.com", audience="https://example.com"
            ),
        ),
        schedule_time=Timestamp(seconds=1_700_000_000, nanos=123_456_000),
        create_time=Timestamp(seconds=1_700_000_000),
        dispatch_deadline=Duration(seconds=15, nanos=500_000_000),
        dispatch_count=2,
        response_count=1,
        first_attempt=tasks_v2.Attempt(dispatch_time=Timestamp(seconds=1)),
        last_attempt=tasks_v2.Attempt(
            response_status=Status(code=14, message="UNAVAILABLE(14): HTTP status code 503")
        ),
        view=tasks_v2.Task.View.FULL,
        retry_config=tasks_v2.RetryConfig(max_attempts=-1, min_backoff=Duration(nanos=100_000_000)),
    )


def client_queue() -> tasks_v2.Queue:
    return tasks_v2.Queue(
        name="projects/p/locations/l/queues/q",
        app_engine_routing_override=tasks_v2.AppEngineRouting(service="worker"),
        rate_limits=tasks_v2.RateLimits(max_dispatches_per_second=0.5, max_concurrent_dispatches=7),
        state=tasks_v2.Queue.State.PAUSED,
        stackdriver_logging_config=tasks_v2.StackdriverLoggingConfig(sampling_ratio=1.0),
        http_target=tasks_v2.HttpTarget(
            uri_override=tasks_v2.UriOverride(
                scheme=tasks_v2.UriOverride.Scheme.SCHEME_UNSPECIFIED,
                host="",
                port=0,
                path_override=tasks_v2.PathOverride(),
            ),
            header_overrides=[
                tasks_v2.HttpTarget.HeaderOverride(header=tasks_v2.HttpTarget.Header(key="k", value="v")),
            ],
        ),
    )
