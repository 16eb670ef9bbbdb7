process.argv[2] = 'inventory'
require('../fleet/index.js')
