process.argv[2] = 'end'
require('./index.js')
