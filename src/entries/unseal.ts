import { unsealAction } from '../actions/unseal.ts'
import { runAction } from '../runner/run-action.ts'

void runAction(unsealAction)
