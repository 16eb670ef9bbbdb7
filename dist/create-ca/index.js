process.argv[2] = 'create-ca'
require('../certificates/index.js')
