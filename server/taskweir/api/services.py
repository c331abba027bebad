"""The use-cases behind the methods."""

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Services:
    queues: QueueService
    queue_files: QueueFileService
    stats: QueueStatsService
    tasks: TaskService
    leases: LeaseService
    buffering: BufferService
    batches: BatchService
    policies: PolicyService
    cmek: CmekService
    locations: LocationService
