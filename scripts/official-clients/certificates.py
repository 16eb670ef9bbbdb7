"""Compares the fields of certificates with what they must be, and verifies the certificates.

Reads the certificates from standard input, and writes a list of [name, holds, found], both as JSON.
"""

import json
import sys
from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    PolicyBuilder,
    Store,
    VerificationError,
)

BACKDATED = timedelta(minutes=15)
# DER of the algorithm of a signature: NULL parameters with RSA, and none with EC.
RSA_SHA256 = "300d06092a864886f70d01010b0500"
ECDSA_SHA256 = "300a06082a8648ce3d040302"


def elements(der):
    """The elements of a SEQUENCE, each with its tag and length."""
    start, end = content(der, 0)
    found = []
    while start < end:
        _, after = content(der, start)
        found.append(der[start:after])
        start = after
    return found


def content(der, at):
    """Where the content of the element at this place starts and ends."""
    length, start = der[at + 1], at + 2
    if length >= 0x80:
        start += length & 0x7F
        length = int.from_bytes(der[at + 2 : start], "big")
    return start, start + length


def compare(one, ca):
    """The checks of a certificate that is described by `one`, as (field, found, expected)."""
    certificate = x509.load_pem_x509_certificate(one["pem"].encode())
    version, serial, algorithm, issuer, _, subject, public_key_info = elements(certificate.tbs_certificate_bytes)[:7]
    ca_subject, ca_public_key_info = elements(ca.tbs_certificate_bytes)[5:7]
    kind = RSA_SHA256 if isinstance(ca.public_key(), RSAPublicKey) else ECDSA_SHA256
    started, ended = (datetime.fromtimestamp(one[name] // 1000, timezone.utc) for name in ("startedMs", "endedMs"))
    end = timedelta(days=one["validDays"])
    limit = started + end * 2 if one["kind"] == "ca" else ca.not_valid_after_utc

    yield "version", version.hex(), "a003020102"
    yield "bytes of serial number", serial[:2].hex(), "0210"
    yield "first byte of serial number", 0x10 <= serial[2] <= 0x7F, True
    yield "algorithm", [part.hex() for part in (algorithm, elements(certificate.public_bytes(Encoding.DER))[1])], [kind, kind]
    yield "issuer", issuer.hex(), ca_subject.hex()
    yield "not before", started - BACKDATED <= certificate.not_valid_before_utc <= ended - BACKDATED, True
    yield "not after", min(started + end, limit) <= certificate.not_valid_after_utc <= min(ended + end, limit), True
    yield "extensions", extensions(certificate), expected_extensions(one["kind"], certificate, ca)
    if one["kind"] == "ca":
        yield "subject", subject.hex(), x509.Name.from_rfc4514_string(one["subject"]).public_bytes().hex()
        public_key = load_pem_public_key(one["publicKey"].encode())
        der = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        yield "public key", public_key_info.hex(), der.hex()
    if one["kind"] == "verification":
        yield "subject", subject.hex(), common_name(one["registerCode"]).hex()
        yield "another key than the CA's", public_key_info != ca_public_key_info, True
    if one["kind"] == "device":
        request = x509.load_pem_x509_csr(one["request"].encode())
        its_subject, its_public_key_info = elements(request.tbs_certrequest_bytes)[1:3]
        yield "subject of the request", subject.hex(), its_subject.hex()
        yield "public key of the request", public_key_info.hex(), its_public_key_info.hex()
    yield "signature", is_signed(certificate, ca), True
    if one["kind"] == "device":
        yield "verification of a client", verify_client(certificate, ca), True


def common_name(text):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)]).public_bytes()


def extensions(certificate):
    """The extensions by name, each with its criticality and value."""
    return {type(one.value).__name__: (one.critical, value_of(one.value)) for one in certificate.extensions}


def value_of(value):
    if isinstance(value, x509.BasicConstraints):
        return [value.ca, value.path_length]
    if isinstance(value, x509.KeyUsage):
        # The last two have a meaning with key_agreement only.
        names = ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment"]
        names += ["key_agreement", "key_cert_sign", "crl_sign"]
        return sorted(name for name in names if getattr(value, name))
    if isinstance(value, x509.ExtendedKeyUsage):
        return [usage.dotted_string for usage in value]
    if isinstance(value, x509.SubjectKeyIdentifier):
        return value.digest.hex()
    if isinstance(value, x509.AuthorityKeyIdentifier):
        return [value.key_identifier.hex(), value.authority_cert_issuer, value.authority_cert_serial_number]
    return repr(value)


def expected_extensions(kind, certificate, ca):
    own_identifier = {"SubjectKeyIdentifier": (False, method_1(certificate))}
    ca_identifier = {"AuthorityKeyIdentifier": (False, [method_1(ca), None, None])}
    no_ca = {"BasicConstraints": (True, [False, None])}
    if kind == "ca":
        usage = (True, ["crl_sign", "key_cert_sign"])
        return {"BasicConstraints": (True, [True, 0]), "KeyUsage": usage} | own_identifier
    if kind == "verification":
        return no_ca | ca_identifier
    usage = (True, ["digital_signature"])
    extended = (False, [ExtendedKeyUsageOID.CLIENT_AUTH.dotted_string])
    return no_ca | {"KeyUsage": usage, "ExtendedKeyUsage": extended} | own_identifier | ca_identifier


def method_1(certificate):
    """The key identifier of RFC 5280 section 4.2.1.2, method 1."""
    return x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest.hex()


def is_signed(certificate, ca):
    """Also compares issuer and subject."""
    try:
        certificate.verify_directly_issued_by(ca)
        return True
    except InvalidSignature:
        return False


def verify_client(certificate, ca):
    """Verifies the chain as a server does. The policy of the web would demand an alternative name."""
    device = ExtensionPolicy.permit_all().require_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, None)
    policy = PolicyBuilder().store(Store([ca]))
    policy = policy.extension_policies(ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=device)
    try:
        policy.build_client_verifier().verify(certificate, [])
        return True
    except VerificationError as error:
        return str(error)


described = json.load(sys.stdin)
own_ca = x509.load_pem_x509_certificate(described[0]["pem"].encode())
print(
    json.dumps(
        [
            [f"{one['name']}: {field}", found == expected, f"{found}, expected {expected}"]
            for one in described
            for field, found, expected in compare(one, own_ca)
        ]
    )
)
