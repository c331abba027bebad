"""What production answers to names, pages, batches and the rest."""

from typing import Final

from google.iam.v1.iam_policy_pb2 import GetIamPolicyRequest, SetIamPolicyRequest, TestIamPermissionsRequest
from google.longrunning.operations_proto_pb2 import GetOperationRequest, ListOperationsRequest
from tests.api.answers import (
    DELETED_QUEUE,
    HTTP,
    INVALID_RESOURCE,
    NO_QUEUE,
    NOT_FOUND,
    OTHER_QUEUE,
    PARENT,
    QUEUE,
    QUEUE_NOT_FOUND,
    TAKEN,
    new_task,
    row,
)
from tests.api.raw_calls import OPERATIONS

from taskweir_pb.v2 import cloudtasks_pb2 as pb

ROWS: Final = [
    # a queue that is not there
    *(
        row(rpc, when, request(name), "NOT_FOUND", QUEUE_NOT_FOUND)
        for when, name in (("queue never was", NO_QUEUE), ("queue was deleted recently", DELETED_QUEUE))
        for rpc, request in (
            ("GetQueue", lambda name: pb.GetQueueRequest(name=name)),
            ("PauseQueue", lambda name: pb.PauseQueueRequest(name=name)),
            ("ResumeQueue", lambda name: pb.ResumeQueueRequest(name=name)),
            ("PurgeQueue", lambda name: pb.PurgeQueueRequest(name=name)),
            ("ListTasks", lambda name: pb.ListTasksRequest(parent=name)),
            ("CreateTask", lambda name: new_task(name, http_request=HTTP)),
        )
    ),
    row("DeleteQueue", "queue never was", pb.DeleteQueueRequest(name=NO_QUEUE), "NOT_FOUND", NOT_FOUND),
    row(
        "DeleteQueue",
        "queue was deleted recently",
        pb.DeleteQueueRequest(name=DELETED_QUEUE),
        "NOT_FOUND",
        NOT_FOUND,
    ),
    *(
        row(rpc, when, request(name), "NOT_FOUND", QUEUE_NOT_FOUND)
        for when, name in (("queue never was", NO_QUEUE), ("queue was deleted recently", DELETED_QUEUE))
        for rpc, request in (
            ("GetIamPolicy", lambda name: GetIamPolicyRequest(resource=name)),
            ("SetIamPolicy", lambda name: SetIamPolicyRequest(resource=name)),
        )
    ),
    row("TestIamPermissions", "queue never was", TestIamPermissionsRequest(resource=NO_QUEUE)),
    # names that are no names
    *(
        row(rpc, f"name is {name!r}", request, "INVALID_ARGUMENT", INVALID_RESOURCE)
        for name in ("", "q", "projects/p", f"{QUEUE}/")
        for rpc, request in (
            ("GetQueue", pb.GetQueueRequest(name=name)),
            ("DeleteQueue", pb.DeleteQueueRequest(name=name)),
            ("PurgeQueue", pb.PurgeQueueRequest(name=name)),
            ("PauseQueue", pb.PauseQueueRequest(name=name)),
            ("ResumeQueue", pb.ResumeQueueRequest(name=name)),
            ("ListTasks", pb.ListTasksRequest(parent=name)),
            ("CreateTask", new_task(name, http_request=HTTP)),
            ("GetTask", pb.GetTaskRequest(name=name)),
            ("DeleteTask", pb.DeleteTaskRequest(name=name)),
            ("RunTask", pb.RunTaskRequest(name=name)),
            ("BatchCreateTasks", pb.BatchCreateTasksRequest(parent=name, requests=[new_task(name)])),
            ("BatchDeleteTasks", pb.BatchDeleteTasksRequest(parent=name, names=[TAKEN])),
            ("GetCmekConfig", pb.GetCmekConfigRequest(name=name)),
            (f"{OPERATIONS}/GetOperation", GetOperationRequest(name=name)),
        )
    ),
    row("ListQueues", "parent is empty", pb.ListQueuesRequest(), "INVALID_ARGUMENT", INVALID_RESOURCE),
    row("ListQueues", "location has no queues", pb.ListQueuesRequest(parent="projects/p/locations/us-east1")),
    # pages
    *(
        row(rpc, f"page size is {size}", kind(parent=parent, page_size=size), code, message)
        for rpc, kind, parent in (
            ("ListQueues", pb.ListQueuesRequest, PARENT),
            ("ListTasks", pb.ListTasksRequest, QUEUE),
        )
        for size, code, message in (
            (0, "OK", ""),
            (2**31 - 1, "OK", ""),
            (-1, "INVALID_ARGUMENT", "The page size cannot be negative."),
        )
    ),
    *(
        row(
            rpc,
            f"page token is {token!r}",
            request,
            "INVALID_ARGUMENT",
            "The page token is invalid, or belongs to another request.",
        )
        for token in ("x", "AAAA", "ä", "=" * 40)
        for rpc, request in (
            ("ListQueues", pb.ListQueuesRequest(parent=PARENT, page_token=token)),
            ("ListTasks", pb.ListTasksRequest(parent=QUEUE, page_token=token)),
        )
    ),
    # batches
    row(
        "BatchCreateTasks",
        "there are no requests",
        pb.BatchCreateTasksRequest(parent=QUEUE),
        "INVALID_ARGUMENT",
        "The batch has no requests.",
    ),
    row(
        "BatchCreateTasks",
        "there are 101 requests",
        pb.BatchCreateTasksRequest(parent=QUEUE, requests=[new_task(http_request=HTTP)] * 101),
        "INVALID_ARGUMENT",
        "The batch has 101 requests; the maximum is 100.",
    ),
    row(
        "BatchCreateTasks",
        "a request is for another queue",
        pb.BatchCreateTasksRequest(parent=QUEUE, requests=[new_task(OTHER_QUEUE, http_request=HTTP)]),
        "INVALID_ARGUMENT",
        f"The parent of every request must be the same as the parent of the batch ('{QUEUE}').",
    ),
    row(
        "BatchCreateTasks",
        "queue is not there",
        pb.BatchCreateTasksRequest(parent=NO_QUEUE, requests=[new_task(NO_QUEUE, http_request=HTTP)]),
        "NOT_FOUND",
        QUEUE_NOT_FOUND,
    ),
    row(
        "BatchDeleteTasks",
        "there are 1001 names",
        pb.BatchDeleteTasksRequest(parent=QUEUE, names=[TAKEN] * 1_001),
        "INVALID_ARGUMENT",
        "The batch has 1001 requests; the maximum is 1000.",
    ),
    row(
        f"{OPERATIONS}/GetOperation",
        "operation is not there",
        GetOperationRequest(name=f"{PARENT}/operations/none"),
        "NOT_FOUND",
        NOT_FOUND,
    ),
    row(
        f"{OPERATIONS}/ListOperations",
        "not offered",
        ListOperationsRequest(name=PARENT),
        "UNIMPLEMENTED",
        "Method not found!",
    ),
    # access policies
    row(
        "SetIamPolicy",
        "etag is out of date",
        SetIamPolicyRequest(resource=QUEUE, policy={"etag": b"old"}),
        "ABORTED",
        "There were concurrent policy changes. "
        "Please retry the whole read-modify-write with exponential backoff.",
    ),
    row(
        "SetIamPolicy",
        "version is 2",
        SetIamPolicyRequest(resource=QUEUE, policy={"version": 2}),
        "INVALID_ARGUMENT",
        "Policy version must be 0, 1 or 3.",
    ),
    row(
        "SetIamPolicy",
        "condition in version 1",
        SetIamPolicyRequest(
            resource=QUEUE,
            policy={"version": 1, "bindings": [{"role": "roles/x", "condition": {"expression": "true"}}]},
        ),
        "INVALID_ARGUMENT",
        "Conditional role bindings need policy version 3.",
    ),
    # encryption keys
    row(
        "UpdateCmekConfig",
        "key is in another location",
        pb.UpdateCmekConfigRequest(
            cmek_config={
                "name": f"{PARENT}/cmekConfig",
                "kms_key": "projects/p/locations/us-east1/keyRings/r/cryptoKeys/k",
            }
        ),
        "INVALID_ARGUMENT",
        "The key 'projects/p/locations/us-east1/keyRings/r/cryptoKeys/k' must be in the location of the config, "
        "us-central1.",
    ),
    row(
        "UpdateCmekConfig",
        "key is no key",
        pb.UpdateCmekConfigRequest(
            cmek_config={"name": f"{PARENT}/cmekConfig", "kms_key": "x/locations/us-central1/y"}
        ),
        "INVALID_ARGUMENT",
        'KMS key must be formatted: "projects/<PROJECT_ID>/locations/<LOCATION_ID>/keyRings/<KEY_RING>'
        '/cryptoKeys/<KEY>".',
    ),
    *(
        row(
            "TestIamPermissions",
            f"permission is {permission!r}",
            TestIamPermissionsRequest(resource=QUEUE, permissions=[permission]),
            "INVALID_ARGUMENT",
            f"Permission {permission} is not valid for this resource.",
        )
        for permission in ("storage.buckets.get", "cloudtasks.*", "")
    ),
    row(
        "UpdateCmekConfig",
        "mask has x",
        pb.UpdateCmekConfigRequest(
            cmek_config={"name": f"{PARENT}/cmekConfig"}, update_mask={"paths": ["x"]}
        ),
        "INVALID_ARGUMENT",
        "Invalid mask for CmekConfig: x",
    ),
]
