import fc from 'fast-check'

/**
 * fast-check with a fixed seed in CI, so that a change fails there only for what it breaks. Elsewhere each run has
 * another seed. A failure prints it, and FAST_CHECK_SEED sets it.
 */
const seed = process.env['FAST_CHECK_SEED'] ?? (process.env['CI'] ? '20261125' : undefined)
if (seed !== undefined) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(seed) })

export default fc
