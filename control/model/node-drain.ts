/** Whether a node is emptied, and how far that is. */
import type { Mirror } from './mirror.ts'
import type { Node } from './node.ts'

export const nodeDrains = ['none', 'draining', 'drained'] as const
export type NodeDrain = (typeof nodeDrains)[number]

export interface NodeMembership {
  readonly drain: NodeDrain
  /** How many groups it is a member of. */
  readonly placementGroups: number
}

export function membershipOf(
  { placementGroups }: Pick<Mirror, 'placementGroups'>,
  { name, drainingSince }: Node,
): NodeMembership {
  let count = 0
  for (const { value } of placementGroups.values())
    if (value.members.some(({ node }) => node === name)) count++
  const isDraining = drainingSince !== undefined
  const drain = isDraining ? (count === 0 ? 'drained' : 'draining') : 'none'
  return { drain, placementGroups: count }
}
