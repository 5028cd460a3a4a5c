/** Makes more placement groups for nodes that came, so that they get their part of each pool. */
import { type Copies, isUsable, placementLimits } from '../../placement/topology.ts'
import type { Control } from '../control.ts'
import { candidatesOf } from '../model/candidates.ts'
import { noUsage } from '../model/group-usage.ts'
import type { Mirror } from '../model/mirror.ts'
import { isAlive, makeGroups } from './make-groups.ts'
import { placedNodes } from './placed.ts'

const nodesOf = ({ nodes }: Mirror) => [...nodes.values()].map(({ value }) => value)
const usageOf = () => noUsage

/** True when groups were made. Cheap when there are enough: it looks at the mirror alone. */
export async function growPools(control: Control): Promise<boolean> {
  const { mirror, cell, inTurn } = control
  const candidates = candidatesOf({ nodes: nodesOf(mirror), groups: [], usageOf }, control.fleet)
  const counts = new Map<number, number>()
  for (const { value } of mirror.placementGroups.values())
    counts.set(value.copies, (counts.get(value.copies) ?? 0) + 1)
  let count = 0
  for (let copies = 1; copies <= placementLimits.copiesMax; copies++) {
    const present = counts.get(copies) ?? 0
    const usable = placedNodes(candidates, copies as Copies, isAlive).filter(isUsable)
    const wanted = Math.ceil((cell.placementGroupsPerNode * usable.length) / copies)
    // A pool is made by the first volume that needs it.
    if (present === 0 || present >= wanted) continue
    const made = await inTurn(() => makeGroups(control, copies as Copies))
    if (made.kind === 'made') count += made.count
  }
  return count > 0
}
