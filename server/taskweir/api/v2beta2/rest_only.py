"""What v2beta2 has over HTTP alone."""

from taskweir.api.cloud_tasks.batch_methods import BatchMethods
from taskweir.api.cloud_tasks.buffer_methods import BufferMethods
from taskweir.api.cloud_tasks.cmek_methods import CmekMethods
from taskweir_pb.v2beta2 import rest_only_pb2_grpc


class RestOnly(BufferMethods, BatchMethods, CmekMethods, rest_only_pb2_grpc.RestOnlyServicer):
    """BufferTask, and what the other versions have over gRPC too."""
