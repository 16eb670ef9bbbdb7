"""Makes one call with Alibaba Cloud's SDK for STS. AssumeRole is signed with ACS3-HMAC-SHA256, the others are not."""

from alibabacloud_sts20150401 import models
from alibabacloud_sts20150401.client import Client
from alibabacloud_tea_openapi.models import Config
from Tea.exceptions import TeaException

from call import read_call, refused, succeeded

METHODS = {
    "AssumeRole": ("AssumeRoleRequest", "assume_role"),
    "AssumeRoleWithOIDC": ("AssumeRoleWithOIDCRequest", "assume_role_with_oidc"),
}

call = read_call()
client = Client(
    Config(
        endpoint=call["endpoint"],
        ca=call["caFile"],
        access_key_id=call["accessKeyId"],
        access_key_secret=call["accessKeySecret"],
    )
)
request_class, method = METHODS[call["operation"]]
request = getattr(models, request_class)().from_map(call["parameters"])
try:
    succeeded(getattr(client, method)(request).body.to_map())
except TeaException as error:
    refused(error.code, error.message)
