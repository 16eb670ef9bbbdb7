module.exports = new Proxy({}, { get: (_, name) => name === '__esModule' || require('./credentials/index.js')[name] })
