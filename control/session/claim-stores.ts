/** A store belongs to the node it was first seen on, for good: a disk that was moved is noticed. */
import type { Control } from '../control.ts'
import { storePrefix } from '../model/node.ts'
import { absent, retryConflicts } from '../model/record.ts'
import { Refusal } from './refusal.ts'

/** Makes the stores that are nobody's this node's. */
export async function claimStores(
  { store }: Pick<Control, 'store'>,
  node: string,
  storeIds: readonly string[],
): Promise<void> {
  for (const id of storeIds) {
    const key = storePrefix + id
    await retryConflicts(async () => {
      const { entry } = await store.get(key)
      const owner = entry && Buffer.from(entry.value).toString()
      if (owner === node) return true
      if (owner)
        throw new Refusal(
          'FOREIGN_STORE',
          `Store ${id} belongs to node ${owner}, not to ${node}: ` +
            'the disk or the configuration was moved.',
        )
      const value = Buffer.from(node)
      const { succeeded } = await store.transact({
        compare: [absent(key)],
        success: [{ kind: 'put', key, value }],
      })
      return succeeded || undefined
    })
  }
}
