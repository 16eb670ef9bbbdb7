import TestSequencer from '@jest/test-sequencer'

/** The order of kinds of test files. Jest does not know how long each takes before it has run once. */
const ORDER = [/faults|a-step-ends-in-time|a-killed-change/, /integration/, /unit/]

/** Starts the longest test files first, which mostly wait, so that the short ones fill the end of a run. */
export default class LongestFirst extends TestSequencer {
  sort(tests) {
    const rank = ({ path }) => ORDER.findIndex((kind) => kind.test(path))
    return super.sort(tests).sort((one, other) => rank(one) - rank(other))
  }
}
