/** Makes more placement groups for nodes that came, so that they get their part of each pool. */
import { type Copies, placementLimits } from '../../placement/topology.ts'
import type { Control } from '../control.ts'
import { makeGroups } from './make-groups.ts'

/** True when groups were made. Cheap when there are enough: it looks at the mirror alone. */
export async function growPools(control: Control): Promise<boolean> {
  const { mirror, fleet, cell, inTurn } = control
  const nodes = [...mirror.nodes.values()].filter(
    ({ value }) => value.drainingSince === undefined && fleet.health(value.name) === 'alive',
  )
  const counts = new Map<number, number>()
  for (const { value } of mirror.placementGroups.values())
    counts.set(value.copies, (counts.get(value.copies) ?? 0) + 1)
  let count = 0
  for (let copies = 1; copies <= placementLimits.copiesMax; copies++) {
    const present = counts.get(copies) ?? 0
    const wanted = Math.ceil((cell.placementGroupsPerNode * nodes.length) / copies)
    // A pool is made by the first volume that needs it.
    if (present === 0 || present >= wanted) continue
    const made = await inTurn(() => makeGroups(control, copies as Copies))
    if (made.kind === 'made') count += made.count
  }
  return count > 0
}
