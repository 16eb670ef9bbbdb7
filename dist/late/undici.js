// Loads undici for the requests of Octokit.
module.exports = {
  get __esModule() { return true },
  get fetch() { return require('./undici/index.js').fetch },
  get ProxyAgent() { return require('./undici/index.js').ProxyAgent },
}
