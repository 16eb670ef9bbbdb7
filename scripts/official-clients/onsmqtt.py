"""Makes one call with Alibaba Cloud's SDK for ApsaraMQ for MQTT, which signs with ACS3-HMAC-SHA256."""

import re

from alibabacloud_onsmqtt20200420 import models
from alibabacloud_onsmqtt20200420.client import Client
from alibabacloud_tea_openapi.models import Config
from Tea.exceptions import TeaException

from call import read_call, refused, succeeded

call = read_call()
client = Client(
    Config(
        endpoint=call["endpoint"],
        ca=call["caFile"],
        access_key_id=call["accessKeyId"],
        access_key_secret=call["accessKeySecret"],
        security_token=call.get("securityToken"),
    )
)
method = re.sub(r"(?<!^)(?=[A-Z])", "_", call["operation"]).lower()
request = getattr(models, call["operation"] + "Request")().from_map(call["parameters"])
try:
    succeeded(getattr(client, method)(request).body.to_map())
except TeaException as error:
    refused(error.code, error.message)
