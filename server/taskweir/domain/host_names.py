"""What a host's name tells without being resolved."""

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Whether it is an address of this machine alone, or the name that means this machine everywhere."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
