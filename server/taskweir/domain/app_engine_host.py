"""An address at which an App Engine application listens."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from taskweir.domain.model import AppEngineRouting


@dataclass(frozen=True, slots=True)
class AppEngineHost:
    """Where this server's App Engine application listens; an empty `authority` (host and port) when it has none.

    Services, versions and instances are labels in the Host header only: names such as worker.127.0.0.1 do not
    resolve, so the connection goes to `authority` itself.
    """

    scheme: str = "http"
    authority: str = ""

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """From `http://localhost:8080` or `localhost:8080`; empty text is no host, None is not an address."""
        text = text.strip()
        if not text:
            return cls()
        try:
            url = urlsplit(text if "://" in text else f"http://{text}")
            has_port = url.port != 0
        except ValueError:  # a port out of range
            return None
        is_address = url.scheme in ("http", "https") and url.hostname and has_port and "@" not in url.netloc
        has_more = url.path not in ("", "/") or url.query or url.fragment
        if not is_address or has_more or any(c <= " " or c > "~" for c in url.netloc):
            return None
        return cls(url.scheme, url.netloc)

    def with_labels(self, routing: AppEngineRouting) -> str:
        """The Host of a routing: [[instance.] version.] service. host; -dot- joins labels where TLS is spoken."""
        labels = [routing.instance, routing.version, routing.service, self.authority]
        return ("-dot-" if self.scheme == "https" else ".").join(label for label in labels if label)
