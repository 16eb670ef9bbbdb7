// Loads @actions/exec for the name of the operating system.
module.exports = {
  get __esModule() { return true },
  get getExecOutput() { return require('./actions-exec/index.js').getExecOutput },
}
