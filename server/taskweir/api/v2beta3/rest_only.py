"""What v2beta3 has over HTTP alone."""

from taskweir.api.cloud_tasks.buffer_methods import BufferMethods
from taskweir_pb.v2beta3 import rest_only_pb2_grpc


class RestOnly(BufferMethods, rest_only_pb2_grpc.RestOnlyServicer):
    """BufferTask."""
