/**
 * A group's configuration with one member more, who has to be brought level first; one that was to
 * leave stays instead.
 */
import type { PlacementGroup } from '../model/placement-group.ts'
import { inRole, nextEpoch } from './change.ts'
import type { Join } from './plan-joins.ts'

export function withJoining(group: PlacementGroup, join: Join, now: string): PlacementGroup {
  const { node, leaves, kind } = join
  const { lost = [], leaving = [] } = group
  if (leaving.includes(node)) {
    const others = leaving.filter((other) => other !== node)
    return nextEpoch(group, { leaving: others }, `Member ${node} is not to leave any more.`)
  }
  return nextEpoch(
    group,
    {
      members: inRole(group.members, node, 'joining', now),
      // Whoever is replaced is not waited for any more.
      lost: kind === 'replace' ? lost.slice(1) : lost,
      leaving: leaves === undefined ? leaving : [...leaving, leaves],
    },
    sayWhy(join),
  )
}

function sayWhy({ node, leaves, kind }: Join): string {
  switch (kind) {
    case 'return':
      return `Member ${node} is back.`
    case 'replace':
      return `Node ${node} joins for a member that is missing.`
    case 'drain':
      return `Node ${node} joins for ${leaves}, which is drained.`
    case 'rebalance':
      return `Node ${node} joins for ${leaves}, so that nodes hold alike.`
  }
}
