import { runAction } from '../runner/run-action.ts'

/** The actions that share this bundle, because each would contain the same libraries. The first argument names one. */
const ACTIONS: Readonly<Record<string, () => Promise<void>>> = {
  inventory: async () => {
    const { inventoryAction } = await import('../actions/inventory.ts')
    await inventoryAction()
  },
  'set-status': async () => {
    const { setStatusAction } = await import('../actions/set-status.ts')
    await setStatusAction()
  },
}

const action = ACTIONS[process.argv[2] ?? '']
if (action !== undefined) void runAction(action)
