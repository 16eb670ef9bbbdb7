// The post step of the emulator.
process.argv[2] = 'end'
require('./index.js')
