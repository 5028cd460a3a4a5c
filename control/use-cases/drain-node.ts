/** Begins to empty a node, or ends that. What has begun to move then goes to its end. */
import type { Control } from '../control.ts'
import { ControlError } from '../errors.ts'
import type { NodeBody } from '../http/schemas/node.ts'
import { isNodeName, nodeKind } from '../model/node.ts'
import { putRecord, readRecord, retryConflicts, unchanged } from '../model/record.ts'
import { getNode } from './get-node.ts'

/** Draining one that is drained already, or the other way round, changes nothing. */
export async function drainNode(
  control: Control,
  name: string,
  isDraining: boolean,
): Promise<NodeBody> {
  await retryConflicts(async () => {
    const stored = isNodeName(name) ? await readRecord(control.store, nodeKind, name) : undefined
    if (!stored) throw new ControlError('NODE_NOT_FOUND', `There is no node ${name}.`)
    const { drainingSince, ...node } = stored.value
    if ((drainingSince !== undefined) === isDraining) return true
    const now = new Date().toISOString()
    const changed = isDraining ? { ...node, drainingSince: now } : node
    const { succeeded } = await control.store.transact({
      compare: [unchanged(stored)],
      success: [putRecord(nodeKind, name, changed)],
    })
    return succeeded || undefined
  })
  return getNode(control, name)
}
