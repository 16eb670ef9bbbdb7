// Prints the milliseconds that evaluating a CommonJS file takes.
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const startMs = performance.now()
require(process.argv[2])
console.log(performance.now() - startMs)
