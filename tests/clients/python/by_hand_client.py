"""The official SDK on a channel of the program's own: over TLS to ADDRESS, trusting CA_FILE, with the token if there is one."""

import os
import sys
from pathlib import Path

import grpc
from google.cloud import tasks_v2
from google.cloud.tasks_v2.services.cloud_tasks.transports import CloudTasksGrpcTransport

(address,) = sys.argv[1:]
trusted = grpc.ssl_channel_credentials(Path(os.environ["CA_FILE"]).read_bytes())
if os.environ["TOKEN"]:
    token = grpc.access_token_call_credentials(os.environ["TOKEN"])
    trusted = grpc.composite_channel_credentials(trusted, token)
client = tasks_v2.CloudTasksClient(
    transport=CloudTasksGrpcTransport(channel=grpc.secure_channel(address, trusted))
)
location = f"projects/{os.environ['PROJECT']}/locations/us-central1"
name = f"{location}/queues/by-hand"
client.create_queue(parent=location, queue={"name": name})
request = {"url": os.environ["TARGET"], "body": b"by hand"}
client.create_task(parent=name, task={"http_request": request})
