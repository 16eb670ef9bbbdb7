module.exports = new Proxy({}, { get: (_, name) => name === '__esModule' || require('./tea-xml/index.js')[name] })
