"""A sign-up service that sends its welcome mails from Cloud Tasks. It knows nothing of taskweir.

    taskweir exec --queue mail -- python examples/signup/app.py
    curl -d email=ada@example.com http://127.0.0.1:8080/signup
    curl http://127.0.0.1:8080/outbox

Variables: PORT, and in production QUEUE (a full queue name) and BASE_URL (where Cloud Tasks reaches this service).
"""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from google.cloud import tasks_v2

PORT = int(os.environ.get("PORT", "8080"))
QUEUE = os.environ.get("QUEUE", "projects/local/locations/us-central1/queues/mail")

client = tasks_v2.CloudTasksClient()
outbox: list[dict[str, str]] = []


def sign_up(email: str, base_url: str) -> str:
    """Put the welcome mail in the queue; the name of its task."""
    task = client.create_task(
        parent=QUEUE,
        task={
            "http_request": {
                "url": f"{base_url}/tasks/welcome",
                "headers": {"Content-Type": "application/json"},
                "body": json.dumps({"email": email}).encode(),
            }
        },
    )
    return task.name


class Handler(BaseHTTPRequestHandler):
    """POST /signup enqueues, POST /tasks/welcome is what the queue calls, GET /outbox shows what was sent."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/signup":
            base_url = os.environ.get("BASE_URL", f"http://127.0.0.1:{self.server.server_port}")
            name = sign_up(parse_qs(body.decode())["email"][0], base_url)
            self.answer(202, {"task": name})
        elif self.path == "/tasks/welcome":
            outbox.append({"to": json.loads(body)["email"], "queue": self.headers["X-CloudTasks-QueueName"]})
            self.answer(200, {})
        else:
            self.answer(404, {})

    def do_GET(self) -> None:
        self.answer(200, {"outbox": outbox})

    def answer(self, status: int, content: object) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


if __name__ == "__main__":
    with ThreadingHTTPServer(("127.0.0.1", PORT), Handler) as server:
        print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()
