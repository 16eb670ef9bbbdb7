import { info } from '@actions/core'
import { clean } from './masking.ts'

const LABEL_WIDTH = 'Register code'.length

/** Prints one line of the step's log: what it is about, then the fact. */
export function log(label: string, fact: string): void {
  // Apart, so that a fact that has to be withheld leaves its label.
  info(`${clean(label.padEnd(LABEL_WIDTH))}  ${clean(fact)}`)
}
