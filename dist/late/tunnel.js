// Loads tunnel for GitHub's OIDC token behind a proxy: Node's assertions come along.
module.exports = {
  get __esModule() { return true },
  get httpOverHttp() { return require('./tunnel/index.js').httpOverHttp },
  get httpOverHttps() { return require('./tunnel/index.js').httpOverHttps },
  get httpsOverHttp() { return require('./tunnel/index.js').httpsOverHttp },
  get httpsOverHttps() { return require('./tunnel/index.js').httpsOverHttps },
}
