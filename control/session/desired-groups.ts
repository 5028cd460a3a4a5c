/** The configurations and peers that a gateway is told of. */
import type { GroupDesired, PeerDesired } from '../contract/messages.ts'
import type { Mirror } from '../model/mirror.ts'
import { type PlacementGroup, placementGroupName } from '../model/placement-group.ts'
import type { Stored } from '../model/record.ts'

export interface GroupIndex {
  /** Numbers of the groups that the node is a member of. */
  memberOf(node: string): readonly number[]
  /** What is told of these groups, by number, and whom one has to reach for them. */
  tell(
    numbers: Iterable<number>,
    self: string,
  ): { readonly groups: GroupDesired[]; readonly peers: PeerDesired[] }
}

type Sources = Pick<Mirror, 'placementGroups' | 'nodes'>

/** The same object while a record is the same, so that equal content is seen at once. */
const told = new WeakMap<Stored<PlacementGroup>, GroupDesired>()

/** One walk over the groups, for all nodes. */
export function indexGroups({ placementGroups, nodes }: Sources): GroupIndex {
  const byNode = new Map<string, number[]>()
  for (const { value } of placementGroups.values())
    for (const { node } of value.members) {
      const numbers = byNode.get(node)
      if (numbers) numbers.push(value.number)
      else byNode.set(node, [value.number])
    }
  return {
    memberOf: (node) => byNode.get(node) ?? [],
    tell(numbers, self) {
      const groups: GroupDesired[] = []
      const others = new Set<string>()
      for (const number of [...new Set(numbers)].sort((a, b) => a - b)) {
        const stored = placementGroups.get(placementGroupName(number))
        const group = stored && describe(stored, nodes)
        if (!group) continue
        groups.push(group)
        for (const { node } of stored.value.members) others.add(node)
      }
      others.delete(self)
      return { groups, peers: [...others].sort().flatMap((name) => describePeer(name, nodes)) }
    },
  }
}

function describe(
  stored: Stored<PlacementGroup>,
  nodes: Mirror['nodes'],
): GroupDesired | undefined {
  const before = told.get(stored)
  if (before) return before
  const numberOf = (name: string) => nodes.get(name)?.value.number ?? 0
  const { number, epoch, minInSync, members } = stored.value
  const group: GroupDesired = {
    number,
    epoch,
    primary: numberOf(stored.value.primary),
    minInSync,
    members: members.map(({ node, role }) => ({
      node: numberOf(node),
      role: role === 'in-sync' ? 'IN_SYNC' : 'JOINING',
    })),
  }
  // Records written together can be mirrored one after the other.
  if (group.primary === 0 || group.members.some(({ node }) => node === 0)) return undefined
  told.set(stored, group)
  return group
}

function describePeer(name: string, nodes: Mirror['nodes']): PeerDesired[] {
  const node = nodes.get(name)?.value
  return node?.peer ? [{ node: node.number, endpoint: node.peer, name }] : []
}
