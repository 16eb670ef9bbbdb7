import { signAction } from '../actions/sign.ts'
import { runAction } from '../runner/run-action.ts'

void runAction(signAction)
