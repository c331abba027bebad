"""The server's certificate as gRPC takes it."""

import grpc

from taskweir.api.certificate import Certificate, CertificateAndKey


def server_credentials(certificate: Certificate) -> grpc.ServerCredentials:
    """Of a port. To be kept as long as that: gRPC itself does not keep them alive."""
    given = certificate.newest()

    def changed() -> grpc.ServerCertificateConfiguration | None:
        """Asked for before every handshake, in a thread of gRPC's. None where nothing has changed."""
        nonlocal given
        newest = certificate.newest()
        if newest is given:
            return None
        given = newest
        return _configuration(newest)

    return grpc.dynamic_ssl_server_credentials(_configuration(given), changed)


def _configuration(read: CertificateAndKey) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([(read.key, read.certificate)])
