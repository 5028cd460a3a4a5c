/** The cell as the pure functions of placement/ see it. */
import type { Group } from '../../placement/group.ts'
import type { Copies, PlacedNode, PlacementSettings } from '../../placement/topology.ts'
import { defaultSettings } from '../../placement/topology.ts'
import type { Candidate } from '../model/candidates.ts'
import type { CellSettings } from '../model/cell.ts'
import type { Room } from './read-room.ts'

export const placementSettingsOf = (cell: CellSettings): PlacementSettings => ({
  ...defaultSettings,
  groupsPerNode: cell.placementGroupsPerNode,
})

/**
 * Nodes for groups of so many copies. `isIn` says whether groups may have members on a node; on one
 * that is drained they may not, nor, with other members, on one that no peer can reach.
 */
export function placedNodes(
  candidates: readonly Candidate[],
  copies: Copies,
  isIn: (candidate: Candidate) => boolean,
): PlacedNode[] {
  const mayHold = ({ node }: Candidate) =>
    node.drainingSince === undefined && (copies === 1 || node.peer !== undefined)
  return candidates.map((candidate) => ({
    name: candidate.name,
    rack: candidate.node.rack,
    zone: candidate.node.zone,
    capacityBytes: candidate.capacityBytes,
    state: mayHold(candidate) && isIn(candidate) ? 'in' : 'out',
  }))
}

/** Every member counts, also one that is still being filled. */
export const placedGroups = ({ groups, usageOf }: Room, cell: CellSettings): Group[] =>
  groups.map(({ number, copies, primary, members }) => ({
    number,
    copies,
    primary,
    members: members.map(({ node }) => node),
    extents: usageOf(number).provisionedBytes / cell.extentBytes,
  }))
