"""Makes one call with one of Alibaba Cloud's Python SDKs.

Reads the call from standard input and writes its outcome to standard output, both as JSON.
"""

import json
import re
import sys
from importlib import import_module


def call_with_product_sdk(call, package):
    """The SDKs of the products sign with ACS3-HMAC-SHA256, except for AssumeRoleWithOIDC, which is anonymous."""
    from alibabacloud_tea_openapi.models import Config
    from Tea.exceptions import TeaException

    client = import_module(package + ".client").Client(
        Config(
            endpoint=call["endpoint"],
            ca=call["caFile"],
            access_key_id=call["accessKeyId"],
            access_key_secret=call["accessKeySecret"],
            security_token=call.get("securityToken"),
        )
    )
    operation = call["operation"]
    method = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", operation).lower()
    request = getattr(import_module(package + ".models"), operation + "Request")().from_map(call["parameters"])
    try:
        return succeeded(getattr(client, method)(request).body.to_map())
    except TeaException as error:
        return refused(error.code, error.message)


def call_with_core_sdk(call):
    """The core SDK signs the classic way: HMAC-SHA1 in the query."""
    from aliyunsdkcore.acs_exception.exceptions import ServerException
    from aliyunsdkcore.auth.credentials import AccessKeyCredential, StsTokenCredential
    from aliyunsdkcore.client import AcsClient
    from aliyunsdkcore.request import CommonRequest

    host, port = call["endpoint"].split(":")
    keys = (call["accessKeyId"], call["accessKeySecret"])
    token = call.get("securityToken")
    credential = AccessKeyCredential(*keys) if token is None else StsTokenCredential(*keys, token)
    client = AcsClient(
        region_id="cn-hangzhou", credential=credential, port=int(port), verify=call["caFile"], auto_retry=False
    )
    version = call.get("version", "2020-04-20")
    request = CommonRequest(domain=host, version=version, action_name=call["operation"])
    request.set_protocol_type("https")
    request.set_method(call.get("method", "GET"))
    for name, value in call["parameters"].items():
        request.add_query_param(name, value)
    try:
        return succeeded(json.loads(client.do_action_with_exception(request)))
    except ServerException as error:
        return refused(error.get_error_code(), error.get_error_msg())


def succeeded(body):
    return {"code": None, "body": body}


def refused(code, message):
    return {"code": code, "message": message}


CLIENTS = {
    "onsmqtt": lambda call: call_with_product_sdk(call, "alibabacloud_onsmqtt20200420"),
    "kms": lambda call: call_with_product_sdk(call, "alibabacloud_kms20160120"),
    "sts": lambda call: call_with_product_sdk(call, "alibabacloud_sts20150401"),
    "classic": call_with_core_sdk,
}

call = json.load(sys.stdin)
print(json.dumps(CLIENTS[call["client"]](call)))
