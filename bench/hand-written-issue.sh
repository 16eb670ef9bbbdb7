#!/bin/sh
# The yardstick for issue-device-certificates: openssl for one request after the other. REQUESTS is their folder.
set -eu
extensions=$(mktemp)
printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\n' > "$extensions"
out=$(mktemp -d)
for request in "$REQUESTS"/*.csr; do
  openssl x509 -req -in "$request" -CA "$CA_FILE" -CAkey "$CA_KEY_FILE" -set_serial "0x$(openssl rand -hex 16)" \
    -days 365 -sha256 -extfile "$extensions" -out "$out/$(basename "$request" .csr).crt" 2> /dev/null
done
rm -r "$out" "$extensions"
echo certificate-count=1 >> "$GITHUB_OUTPUT"
