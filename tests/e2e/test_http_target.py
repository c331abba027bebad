"""A queue-level HTTP target of a config file, from the file to the handler."""

from pathlib import Path

import taskweir.testing

CONFIG = """
queues:
  - name: photos
    httpTarget:
      uriOverride:
        scheme: HTTP
        host: 127.0.0.1
        port: {port}
        pathOverride: {{path: /its}}
        queryOverride: {{queryParams: ""}}
        uriOverrideEnforceMode: ALWAYS
      httpMethod: PUT
      headerOverrides:
        - header: {{key: content-type, value: image/jpeg}}
"""


def test_a_config_file_s_http_target_is_applied(tmp_path: Path) -> None:
    """To tasks that are there already when the file says otherwise, and by what the file says alone."""
    data, config = tmp_path / "d.db", tmp_path / "taskweir.yaml"
    with taskweir.testing.Handler() as handler:
        with taskweir.testing.server(in_process=True, data=data, queues=["photos"]) as server:
            client = server.client()
            queue = "projects/local/locations/us-central1/queues/photos"
            client.pause_queue(name=queue)
            request = {
                "url": "https://nowhere.invalid/own?a=b",
                "headers": {"Content-Type": "a/b"},
                "body": b"x",
            }
            client.create_task(parent=queue, task={"http_request": request})
        config.write_text(CONFIG.format(port=handler.url("/").rpartition(":")[2].strip("/")))
        with taskweir.testing.server(in_process=True, data=data, config=config) as server:
            server.client().resume_queue(name=queue)
            (came,) = handler.wait_for()
    assert (came.method, came.target, came.body) == ("PUT", "/its", b"x")
    assert came.headers.all("Content-Type") == ["image/jpeg"]
