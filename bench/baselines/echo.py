"""The least that a grpc.aio server does for a CreateTask: it parses the request and returns the task.

`python -m bench.baselines.echo` serves on a free port until SIGTERM, on the loop that the server uses, and says `ready` as it
does.
"""

import asyncio
import signal
from typing import Any

import grpc.aio
import uvloop

from bench.requests import SERVICE
from taskweir_pb.v2 import cloudtasks_pb2


async def _create_task(data: bytes, _context: "grpc.aio.ServicerContext[Any, Any]") -> bytes:
    task: bytes = cloudtasks_pb2.CreateTaskRequest.FromString(data).task.SerializeToString()
    return task


async def _serve() -> None:
    server = grpc.aio.server()
    handler = grpc.unary_unary_rpc_method_handler(_create_task)
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(SERVICE, {"CreateTask": handler})])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    print(f"ready grpc=127.0.0.1:{port}", flush=True)
    await stopping.wait()
    await server.stop(None)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve())
