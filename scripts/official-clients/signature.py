"""Tells whether the signature of a SHA-256 digest belongs to a public key.

Reads publicKey (PEM), digest and signature (base64) from standard input as JSON, and writes true or false.
"""

import json
import sys
from base64 import b64decode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

call = json.load(sys.stdin)
public_key = load_pem_public_key(call["publicKey"].encode())
digest, signature = b64decode(call["digest"], validate=True), b64decode(call["signature"], validate=True)
prehashed = Prehashed(SHA256())
try:
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        public_key.verify(signature, digest, ec.ECDSA(prehashed))
    else:
        public_key.verify(signature, digest, padding.PKCS1v15(), prehashed)
    print("true")
except InvalidSignature:
    print("false")
