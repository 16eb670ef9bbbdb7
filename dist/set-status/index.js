process.argv[2] = 'set-status'
require('../fleet/index.js')
