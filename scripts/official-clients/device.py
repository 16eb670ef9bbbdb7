"""A device: connects to a broker with paho-mqtt and its certificate, and sends itself a message.

Reads host, port, files and message from standard input as JSON. Writes the message that it received, or the error.
"""

import json
import ssl
import sys

from paho.mqtt.client import CallbackAPIVersion, Client

TOPIC = "devices/1"
TIMEOUT_SECONDS = 20


def run(device):
    client = Client(CallbackAPIVersion.VERSION2)
    client.tls_set(device["caFile"], device["certificate"], device["key"])
    received = []

    def on_connect(_client, _userdata, _flags, reason, _properties):
        if reason.is_failure:
            raise ConnectionRefusedError(str(reason))
        client.subscribe(TOPIC, qos=1)

    def on_subscribe(*_):
        client.publish(TOPIC, device["message"], qos=1)

    def on_message(_client, _userdata, message):
        received.append(message.payload.decode())
        client.disconnect()

    client.on_connect, client.on_subscribe, client.on_message = on_connect, on_subscribe, on_message
    try:
        client.connect(device["host"], device["port"], keepalive=TIMEOUT_SECONDS)
        client.loop_forever()
    except (OSError, ssl.SSLError) as error:
        return {"error": str(error)}
    return {"received": received}


print(json.dumps(run(json.load(sys.stdin))))
