/**
 * Makes the placement groups of a pool: those for volumes of so many copies.
 *
 * A pool is made when the first volume needs it, and grows with the cell. Each batch of groups
 * takes its numbers by compare-and-swap, so that of two who make groups at once, one plans anew on
 * what the other made: no pool gets more groups than it shall have.
 */
import type { Group } from '../../placement/group.ts'
import { planGroups } from '../../placement/plan-groups.ts'
import { type Copies, placementObstacle } from '../../placement/topology.ts'
import type { Control } from '../control.ts'
import { type Candidate, candidatesOf } from '../model/candidates.ts'
import { takeNumbers } from '../model/counter.ts'
import {
  minInSyncOf,
  type PlacementGroup,
  placementGroupKind,
  placementGroupName,
} from '../model/placement-group.ts'
import { putRecord, retryConflicts } from '../model/record.ts'
import { placedGroups, placedNodes, placementSettingsOf } from './placed.ts'
import { readRoom } from './read-room.ts'

export type GroupsMade =
  | { readonly kind: 'made'; readonly count: number }
  | { readonly kind: 'refused'; readonly reason: string }

/** Within what a transaction may write. */
const batchSize = 100

export function makeGroups(control: Control, copies: Copies): Promise<GroupsMade> {
  let count = 0
  return retryConflicts<GroupsMade>(async () => {
    const plan = await planMore(control, copies)
    if (plan.kind === 'refused') return plan
    for (let at = 0; at < plan.groups.length; at += batchSize) {
      const batch = plan.groups.slice(at, at + batchSize)
      if (!(await writeGroups(control, batch))) return undefined
      count += batch.length
    }
    if (count > 0) control.log.info({ copies, count }, 'placement groups are made')
    return { kind: 'made', count }
  })
}

/** Whether the pool could be made if all nodes were there that the cell knows. */
export async function mayBeMadeLater(control: Control, copies: Copies): Promise<boolean> {
  const { store, fleet } = control
  const room = await readRoom(store)
  // What a node has that has not said it yet is not known; any room is room.
  const nodes = placedNodes(candidatesOf(room, fleet), copies, () => true).map((node) => ({
    ...node,
    capacityBytes: node.capacityBytes || 1,
  }))
  return placementObstacle(nodes, copies) === undefined
}

export const isAlive = ({ health }: Candidate): boolean => health === 'alive'

async function planMore({ store, cell, fleet }: Control, copies: Copies) {
  const { first: firstNumber } = await takeNumbers(store, 'placement-group')
  const room = await readRoom(store)
  const nodes = placedNodes(candidatesOf(room, fleet), copies, isAlive)
  const settings = placementSettingsOf(cell)
  return planGroups(nodes, placedGroups(room, cell), settings, { copies, firstNumber })
}

/** False when others have taken the numbers. */
async function writeGroups({ store }: Control, groups: readonly Group[]): Promise<boolean> {
  const numbers = await takeNumbers(store, 'placement-group', groups.length)
  if (numbers.first !== groups[0]?.number) return false
  const since = new Date().toISOString()
  const { succeeded } = await store.transact({
    compare: [numbers.compare],
    success: [
      numbers.operation,
      ...groups.map((group) =>
        putRecord(placementGroupKind, placementGroupName(group.number), recordOf(group, since)),
      ),
    ],
  })
  return succeeded
}

const recordOf = (group: Group, since: string): PlacementGroup => ({
  number: group.number,
  epoch: 1,
  copies: group.copies,
  minInSync: minInSyncOf(group.copies),
  primary: group.primary,
  members: group.members.map((node) => ({ node, role: 'in-sync', since })),
})
