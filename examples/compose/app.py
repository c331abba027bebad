"""A web app that enqueues to itself, in a container beside taskweir; compose.yaml starts both.

Variables: CLOUD_TASKS_EMULATOR_HOST, which in production is not set; QUEUE, a full queue name; BASE_URL, where Cloud
Tasks reaches this app; PORT.
"""

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import grpc
from google.cloud import tasks_v2
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport

QUEUE = os.environ.get("QUEUE", "projects/local/locations/us-central1/queues/mail")
BASE_URL = os.environ["BASE_URL"]


def make_client() -> tasks_v2.CloudTasksClient:
    """A client of the server beside, or of production."""
    beside = os.environ.get("CLOUD_TASKS_EMULATOR_HOST")
    if not beside:
        return tasks_v2.CloudTasksClient()
    channel = grpc.insecure_channel(beside)
    return tasks_v2.CloudTasksClient(transport=CloudTasksGrpcTransport(channel=channel))


client = make_client()


class Handler(BaseHTTPRequestHandler):
    """POST /signup enqueues, POST /tasks/welcome is what the queue calls."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/signup":
            email = parse_qs(body.decode())["email"][0]
            request = {"url": f"{BASE_URL}/tasks/welcome", "body": email.encode()}
            self.answer(202, client.create_task(parent=QUEUE, task={"http_request": request}).name)
        elif self.path == "/tasks/welcome":
            print(f"welcome, {body.decode()}: task of {self.headers['X-CloudTasks-QueueName']}", flush=True)
            self.answer(200, "sent")
        else:
            self.answer(404, "not found")

    def answer(self, status: int, text: str) -> None:
        data = f"{text}\n".encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


if __name__ == "__main__":
    # All interfaces: the container's own loopback is reached by nobody.
    with ThreadingHTTPServer(("0.0.0.0", int(os.environ.get("PORT", "8080"))), Handler) as server:
        print(f"listening on port {server.server_port}", flush=True)
        server.serve_forever()
