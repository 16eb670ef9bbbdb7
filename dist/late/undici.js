// Loads undici for the requests of Octokit behind a proxy.
module.exports = {
  get __esModule() { return true },
  get ProxyAgent() { return require('./undici/index.js').ProxyAgent },
}
