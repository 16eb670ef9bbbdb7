// Imported into the measured process. At its end, writes its peak memory and the bytes it loaded to a file.
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
