"""Which methods a client must have had answered."""

from typing import Final

QUEUES: Final = frozenset({"CreateQueue", "GetQueue", "ListQueues", "UpdateQueue", "DeleteQueue"})
STEERING: Final = frozenset({"PauseQueue", "ResumeQueue", "PurgeQueue"})
TASKS: Final = frozenset({"CreateTask", "GetTask", "ListTasks", "DeleteTask"})
PUSH: Final = QUEUES | STEERING | TASKS | {"RunTask"}
LEASES: Final = frozenset({"LeaseTasks", "RenewLease", "CancelLease", "AcknowledgeTask"})
PULL: Final = QUEUES | TASKS | LEASES
