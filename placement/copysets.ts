/**
 * Draws replica sets whose members are in different racks.
 *
 * From: A. Cidon et al., Copysets: Reducing the Frequency of Data Loss in Cloud Storage, USENIX ATC
 * 2013: few distinct sets lose data less often, and cutting random permutations into sets gives
 * each node the partners it needs from few sets. Nodes there weigh the same. Here they lie on a
 * line as long as a set has members, each as long as its part, and a set is made of points one
 * apart: systematic sampling (W. G. Madow, 1949). A rack is at most one long and lies in one
 * piece, so no set meets it twice, and each node is met as often as its part says, give or take
 * one.
 */
import { shuffled } from './random.ts'
import { separate } from './separation.ts'
import { type PlacedNode, zonesOf } from './topology.ts'

export interface Draw {
  readonly nodes: readonly PlacedNode[]
  /** What part of all memberships each node shall get; see spreadOver. */
  readonly parts: readonly number[]
  readonly copies: number
  readonly count: number
  readonly random: () => number
}

/** Sets of indexes of nodes; fewer than `count` when the racks with parts are too few. */
export function drawCopysets({ nodes, parts, copies, count, random }: Draw): number[][] {
  const order = lineUp(nodes, parts, random)
  if (order.length === 0) return []
  const ends: number[] = []
  let end = 0
  for (const index of order) {
    end += (parts[index] ?? 0) * copies
    ends.push(end)
  }
  const { mayJoin } = separate(nodes)
  const first = random()
  const sets: number[][] = []
  for (let number = 0; number < count; number++) {
    const members: number[] = []
    for (let copy = 0; copy < copies; copy++) {
      const at = findEnd(ends, copy + (number + first) / count)
      members.push(order[Math.min(at, order.length - 1)] as number)
    }
    // Sums that are a hair too long could let a point slip into a rack twice.
    if (members.every((one, copy) => mayJoin(members.slice(0, copy), one, copies)))
      sets.push(members)
  }
  return sets
}

/** Nodes with a part in random order, those of a rack side by side, and racks of a zone, too. */
function lineUp(
  nodes: readonly PlacedNode[],
  parts: readonly number[],
  random: () => number,
): number[] {
  const zoneOf = zonesOf(nodes)
  const zones = new Map<string, Map<string, number[]>>()
  nodes.forEach((node, index) => {
    if ((parts[index] ?? 0) <= 0) return
    const racks = zones.get(zoneOf(node)) ?? new Map<string, number[]>()
    zones.set(zoneOf(node), racks)
    racks.set(node.rack, [...(racks.get(node.rack) ?? []), index])
  })
  return shuffled([...zones.values()], random).flatMap((racks) =>
    shuffled([...racks.values()], random).flatMap((members) => shuffled(members, random)),
  )
}

/** The first of the rising `ends` that lies behind `point`. */
function findEnd(ends: readonly number[], point: number): number {
  let low = 0
  let high = ends.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ends[middle] ?? 0) > point) high = middle
    else low = middle + 1
  }
  return low
}
