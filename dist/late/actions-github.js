// Loads @actions/github for the words of an error: it brings all of the API along.
module.exports = {
  get __esModule() { return true },
  get context() { return require('./actions-github/index.js').context },
}
