#!/bin/sh
# The yardstick for register with a key in KMS: one signed call after the other, as somebody would write it by hand.
# CA_FILE is the certificate of the CA, KMS_KEY_ID its key, an EC one.
set -eu
cd "$WORK"
call() { node "$BENCH/hand-written-call.js" "$@"; }
kms() { VERSION=2016-01-20 call GET "$@" "KeyId=$KMS_KEY_ID"; }
field() { sed "s/.*\"$1\":\"\([^\"]*\)\".*/\1/"; }

serial=$(openssl x509 -in "$CA_FILE" -noout -serial | cut -d= -f2 | tr '[:upper:]' '[:lower:]')
if call GET GetCaCertificate "MqttInstanceId=$INSTANCE_ID" "Sn=$serial" > there.json; then exit 0; fi
kms DescribeKey > key.json
version=$(kms ListKeyVersions | field KeyVersionId)
kms GetPublicKey "KeyVersionId=$version" > public.json
code=$(call GET GetRegisterCode "MqttInstanceId=$INSTANCE_ID" | field RegisterCode)
echo "::add-mask::$code"
digest=$(node "$BENCH/hand-written-certificate.js" begin "$CA_FILE" "$code")
signature=$(kms AsymmetricSign "KeyVersionId=$version" Algorithm=ECDSA_SHA_256 "Digest=$digest" | field Value)
node "$BENCH/hand-written-certificate.js" finish "$signature" > verification.pem
call POST RegisterCaCertificate "MqttInstanceId=$INSTANCE_ID" CaName=bench "CaContent=@$CA_FILE" \
  VerificationContent=@verification.pem > registered.json
echo created=true >> "$GITHUB_OUTPUT"
