// Loads @alicloud/tea-xml for answers in XML: half of what the SDK loads.
module.exports = {
  get __esModule() { return true },
  get default() { return require('./alicloud-tea-xml/index.js').default },
}
