// Loads @actions/http-client for GitHub's OIDC token: half of Node's own modules come along.
module.exports = {
  get __esModule() { return true },
  get HttpClient() { return require('./actions-http-client/index.js').HttpClient },
}
