#!/bin/bash
# The yardstick for sign: key, request and signature with openssl, as somebody would write it by hand.
# CA_FILE and CA_KEY_FILE are the CA. It sets the same outputs, has no checks, and leaves the new key behind.
set -eu
cd "$WORK"
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out new.key
openssl req -new -key new.key -subj "/CN=$REGISTER_CODE" -out request.pem
openssl x509 -req -in request.pem -CA "$CA_FILE" -CAkey "$CA_KEY_FILE" -CAcreateserial \
  -days 30 -sha256 -out verification.pem 2> /dev/null
{
  echo 'verification-certificate<<PEM'
  cat verification.pem
  echo PEM
  echo "verification-certificate-file=$WORK/verification.pem"
} >> "$GITHUB_OUTPUT"
