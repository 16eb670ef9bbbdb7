"""What the clients share: one call is read from standard input, its outcome is written to standard output, as JSON."""

import json
import sys


def read_call():
    return json.load(sys.stdin)


def succeeded(body):
    print(json.dumps({"code": None, "body": body}))


def refused(code, message):
    print(json.dumps({"code": code, "message": message}))
