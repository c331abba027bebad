"""How connections that speak HTTP/2 begin."""

from typing import Final

HTTP2_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""RFC 9113, 3.4. No HTTP/1.1 request begins so."""
