exports.HttpClient = class { getAgent() {} getAgentDispatcher() {} }
exports.restEndpointMethods = () => ({})
