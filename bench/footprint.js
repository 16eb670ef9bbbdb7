// Imported into a process that is measured: when it ends, leaves in a file its peak memory and what it loaded.
import { statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const { cache } = createRequire(import.meta.url)

process.on('exit', () => {
  const footprint = {
    peakKb: process.resourceUsage().maxRSS,
    loadedBytes: Object.keys(cache).reduce((bytes, file) => bytes + statSync(file).size, 0),
  }
  writeFileSync(process.env.FOOTPRINT_FILE, JSON.stringify(footprint))
})
