import { runAction } from '../runner/run-action.ts'

/** The actions that share this bundle, because each would contain the same libraries. The first argument names one. */
const ACTIONS: Readonly<Record<string, () => Promise<void>>> = {
  'create-ca': async () => {
    const { createCaAction } = await import('../actions/create-ca.ts')
    await createCaAction()
  },
  'issue-device-certificates': async () => {
    const { issueDeviceCertificatesAction } = await import('../actions/issue-device-certificates.ts')
    await issueDeviceCertificatesAction()
  },
}

const action = ACTIONS[process.argv[2] ?? '']
if (action !== undefined) void runAction(action)
