/**
 * `npm run test:mutation`: changes the code in one place at a time, and says which changes no test noticed. With folders
 * or files of `src/` behind `--`, only there. What is looked at, and how, stands in stryker.config.js.
 */
import { Stryker } from '@stryker-mutator/core'

const paths = process.argv.slice(2)
const mutate = paths.map((path) => (path.endsWith('.ts') ? path : `${path.replace(/\/$/, '')}/**/*.ts`))
await new Stryker(paths.length === 0 ? {} : { mutate }).runMutationTest()
