// Loads @alicloud/credentials for the default chain of the SDK.
module.exports = {
  get __esModule() { return true },
  get default() { return require('./alicloud-credentials/index.js').default },
  get Config() { return require('./alicloud-credentials/index.js').Config },
}
