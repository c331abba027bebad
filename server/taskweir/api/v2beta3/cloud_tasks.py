"""google.cloud.tasks.v2beta3.CloudTasks."""

from typing import Final

from taskweir.api.cloud_tasks.batch_methods import BatchMethods
from taskweir.api.cloud_tasks.beta_queue_methods import BetaQueueMethods
from taskweir.api.cloud_tasks.cmek_methods import CmekMethods
from taskweir.api.cloud_tasks.policy_methods import PolicyMethods
from taskweir.api.cloud_tasks.task_methods import TaskMethods
from taskweir.api.cloud_tasks.version import Version
from taskweir.api.v2beta3 import codec_queue, codec_task
from taskweir_pb.v2beta3 import (
    cloudtasks_pb2,
    cloudtasks_pb2_grpc,
    cmek_config_pb2,
    queue_pb2,
    rest_only_pb2,
    task_pb2,
)

VERSION: Final = Version(
    package="google.cloud.tasks.v2beta3",
    calls=cloudtasks_pb2,
    rest_only=rest_only_pb2,
    batches=cloudtasks_pb2,
    queue=queue_pb2.Queue,
    queue_draft=codec_queue.queue_draft,
    put_queue=codec_queue.put_queue,
    queue_names=codec_queue.NAMES,
    output_only=codec_queue.OUTPUT_ONLY,
    update_mask=codec_queue.update_mask,
    task=task_pb2.Task,
    task_draft=codec_task.task_draft,
    put_task=codec_task.put_task,
    cmek_config=cmek_config_pb2.CmekConfig,
    own_names=codec_queue.OWN_NAMES,
)


class CloudTasks(
    BetaQueueMethods,
    PolicyMethods,
    TaskMethods,
    BatchMethods,
    CmekMethods,
    cloudtasks_pb2_grpc.CloudTasksServicer,
):
    """What the versions share, with read masks."""
