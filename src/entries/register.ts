import { registerAction } from '../actions/register.ts'
import { runAction } from '../runner/run-action.ts'

void runAction(registerAction)
