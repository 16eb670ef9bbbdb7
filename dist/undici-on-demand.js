// Loads undici when it is asked for, instead of with the action.
module.exports = { get ProxyAgent() { return require('./undici/index.js').ProxyAgent } }
