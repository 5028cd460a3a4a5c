/** Which nodes may be members of the same group. */
import { isUsable, membersPerZone, type PlacedNode, zonesOf } from './topology.ts'

export interface Separation {
  /** Whether the node (an index, like the members) may become a member beside them. */
  mayJoin(members: readonly number[], node: number, copies: number): boolean
}

export function separate(nodes: readonly PlacedNode[]): Separation {
  const zoneOf = zonesOf(nodes)
  const rackIds = numbered(nodes.map(({ rack }) => rack))
  const zoneIds = numbered(nodes.map(zoneOf))
  const usable = nodes.filter(isUsable)
  const zoneCount = new Set(usable.map(zoneOf)).size
  return {
    mayJoin(members, node, copies) {
      const zoneMax = membersPerZone(zoneCount, copies)
      let inZone = 0
      for (const member of members) {
        if (member === node || rackIds[member] === rackIds[node]) return false
        if (zoneIds[member] === zoneIds[node]) inZone++
      }
      return inZone < zoneMax
    },
  }
}

function numbered(names: readonly string[]): number[] {
  const ids = new Map<string, number>()
  return names.map((name) => {
    const id = ids.get(name) ?? ids.size
    ids.set(name, id)
    return id
  })
}
