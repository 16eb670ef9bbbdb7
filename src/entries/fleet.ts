import { runAction } from '../runner/run-action.ts'

/** The actions that share this bundle, because each would contain the same libraries. The first argument names one. */
const ACTIONS: Readonly<Record<string, () => Promise<void>>> = {
  inventory: async () => {
    const { inventoryAction } = await import('../actions/inventory.ts')
    await inventoryAction()
  },
}

const action = ACTIONS[process.argv[2] ?? '']
if (action !== undefined) void runAction(action)
