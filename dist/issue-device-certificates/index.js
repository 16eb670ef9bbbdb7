process.argv[2] = 'issue-device-certificates'
require('../certificates/index.js')
