#!/bin/sh
# The yardstick for register: openssl and one signed call after the other, as somebody would write it by hand.
# CA_FILE and CA_KEY_FILE are the CA. NEW_KEY is the argument of openssl req -newkey.
set -eu
cd "$WORK"
call() { node "$BENCH/hand-written-call.js" "$@"; }

serial=$(openssl x509 -in "$CA_FILE" -noout -serial | cut -d= -f2 | tr '[:upper:]' '[:lower:]')
if call GET GetCaCertificate "MqttInstanceId=$INSTANCE_ID" "Sn=$serial" > there.json; then exit 0; fi
code=$(call GET GetRegisterCode "MqttInstanceId=$INSTANCE_ID" | sed 's/.*"RegisterCode":"\([^"]*\)".*/\1/')
echo "::add-mask::$code"
# shellcheck disable=SC2086
openssl req -new -newkey $NEW_KEY -nodes -keyout /dev/null -subj "/CN=$code" -out request.pem 2> /dev/null
openssl x509 -req -in request.pem -CA "$CA_FILE" -CAkey "$CA_KEY_FILE" -set_serial "0x$(openssl rand -hex 16)" \
  -days 30 -sha256 -out verification.pem 2> /dev/null
call POST RegisterCaCertificate "MqttInstanceId=$INSTANCE_ID" CaName=bench "CaContent=@$CA_FILE" \
  VerificationContent=@verification.pem > registered.json
echo created=true >> "$GITHUB_OUTPUT"
