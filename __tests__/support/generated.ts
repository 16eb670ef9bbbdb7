import fc from 'fast-check'

/**
 * fast-check, with one seed in CI, so that a change fails there only for what it breaks. Elsewhere each run has another
 * seed, which a failure prints; FAST_CHECK_SEED runs it again.
 */
const seed = process.env['FAST_CHECK_SEED'] ?? (process.env['CI'] ? '20261125' : undefined)
if (seed !== undefined) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(seed) })

export default fc
