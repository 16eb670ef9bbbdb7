import { getRegisterCodeAction } from '../actions/get-register-code.ts'
import { runAction } from '../runner/run-action.ts'

void runAction(getRegisterCodeAction)
