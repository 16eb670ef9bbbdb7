// Loads jose for a seal, which most runs do not make.
module.exports = {
  get __esModule() { return true },
  get CompactEncrypt() { return require('./jose/index.js').CompactEncrypt },
  get compactDecrypt() { return require('./jose/index.js').compactDecrypt },
}
