"""Writes certificate requests (PEM) as JSON, one for each kind of key, with subjects and extensions that differ."""

import json

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA512
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.name import _ASN1Type as StringType
from cryptography.x509.oid import NameOID


def request(key, attributes, digest):
    name = x509.Name([x509.NameAttribute(oid, value, kind) for oid, value, kind in attributes])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    # Asks for what no device gets.
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return builder.sign(key, digest).public_bytes(Encoding.PEM).decode()


print(
    json.dumps(
        [
            request(
                ec.generate_private_key(ec.SECP256R1()),
                [(NameOID.COMMON_NAME, "device-1", StringType.PrintableString)],
                SHA256(),
            ),
            request(
                ec.generate_private_key(ec.SECP384R1()),
                [
                    (NameOID.COUNTRY_NAME, "CN", StringType.PrintableString),
                    (NameOID.ORGANIZATION_NAME, "Gerät 設備", StringType.UTF8String),
                    (NameOID.COMMON_NAME, "device-2", StringType.BMPString),
                ],
                SHA512(),
            ),
            request(
                rsa.generate_private_key(65537, 2048),
                [
                    (NameOID.COMMON_NAME, "device-3", StringType.UTF8String),
                    (NameOID.ORGANIZATION_NAME, "Example", StringType.T61String),
                ],
                SHA256(),
            ),
        ]
    )
)
