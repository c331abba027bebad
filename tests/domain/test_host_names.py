"""What names of hosts tell."""

import pytest

from taskweir.domain.host_names import is_loopback


@pytest.mark.parametrize(
    ("host", "is_it"),
    [
        ("localhost", True),
        ("LocalHost", True),
        ("localhost.", True),
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("::ffff:192.0.2.1", False),
        ("192.0.2.1", False),
        ("127.1", False),
        ("app.localhost", False),
        ("", False),
    ],
)
def test_loopback_is_this_machine_alone(host: str, is_it: bool) -> None:
    """As an address, or by the one name that means it everywhere."""
    assert is_loopback(host) is is_it
