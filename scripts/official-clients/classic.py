"""Makes one call with Alibaba Cloud's core SDK, which signs the classic way: HMAC-SHA1 in the query."""

import json

from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.auth.credentials import AccessKeyCredential, StsTokenCredential
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest

from call import read_call, refused, succeeded

call = read_call()
host, port = call["endpoint"].split(":")
keys = (call["accessKeyId"], call["accessKeySecret"])
token = call.get("securityToken")
credential = AccessKeyCredential(*keys) if token is None else StsTokenCredential(*keys, token)
client = AcsClient(
    region_id="cn-hangzhou", credential=credential, port=int(port), verify=call["caFile"], auto_retry=False
)
request = CommonRequest(domain=host, version="2020-04-20", action_name=call["operation"])
request.set_protocol_type("https")
request.set_method(call.get("method", "GET"))
for name, value in call["parameters"].items():
    request.add_query_param(name, value)
try:
    succeeded(json.loads(client.do_action_with_exception(request)))
except ServerException as error:
    refused(error.get_error_code(), error.get_error_msg())
