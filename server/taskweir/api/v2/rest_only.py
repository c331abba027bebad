"""What v2 has over HTTP alone."""

from taskweir.api.cloud_tasks.buffer_methods import BufferMethods
from taskweir_pb.v2 import rest_only_pb2_grpc


class RestOnly(BufferMethods, rest_only_pb2_grpc.RestOnlyServicer):
    """BufferTask."""
