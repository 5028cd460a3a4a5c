/** The fair share of each node: by capacity, as far as racks and zones allow. */
import { isUsable, membersPerZone, type PlacedNode, zonesOf } from './topology.ts'

/**
 * What part of all memberships each node shall hold; the parts sum to 1, and are 0 for nodes that
 * are out. No rack has more than 1/copies, because a group has one member there at most, and no
 * zone more than its members of each group: what they cannot take goes to the others.
 */
export function fairShares(nodes: readonly PlacedNode[], copies: number): number[] {
  return spreadOver(
    nodes,
    copies,
    nodes.map((node) => (isUsable(node) ? node.capacityBytes : 0)),
  )
}

/** Parts in proportion to `weights`, one for each node, under the limits of racks and zones. */
export function spreadOver(
  nodes: readonly PlacedNode[],
  copies: number,
  weights: readonly number[],
): number[] {
  const zoneOf = zonesOf(nodes)
  const parts = new Array<number>(nodes.length).fill(0)
  const holding = nodes.map((_, index) => index).filter((index) => (weights[index] ?? 0) > 0)
  const zones = gather(holding, weights, (index) => zoneOf(nodes[index] as PlacedNode))
  const racksOf = zones.map((zone) =>
    gather(zone.members, weights, (index) => (nodes[index] as PlacedNode).rack),
  )
  // With fewer racks than copies each rack can have a whole copy, and no share is out of reach.
  const rackMax = 1 / Math.min(copies, Math.max(1, racksOf.flat().length))
  const zoneMax = membersPerZone(zones.length, copies) / copies
  const zoneCaps = racksOf.map((racks) => Math.min(racks.length * rackMax, zoneMax))
  const zoneParts = pour(1, weightsOf(zones), zoneCaps)
  racksOf.forEach((racks, zoneIndex) => {
    const caps = racks.map(() => rackMax)
    const rackParts = pour(zoneParts[zoneIndex] ?? 0, weightsOf(racks), caps)
    racks.forEach((rack, rackIndex) => {
      for (const index of rack.members)
        parts[index] = ((rackParts[rackIndex] ?? 0) * (weights[index] ?? 0)) / rack.weight
    })
  })
  return parts
}

interface Gathered {
  readonly weight: number
  readonly members: readonly number[]
}

const weightsOf = (groups: readonly Gathered[]) => groups.map(({ weight }) => weight)

function gather(
  indexes: readonly number[],
  weights: readonly number[],
  nameOf: (index: number) => string,
): Gathered[] {
  const byName = new Map<string, { weight: number; members: number[] }>()
  for (const index of indexes) {
    const name = nameOf(index)
    const found = byName.get(name) ?? { weight: 0, members: [] }
    found.weight += weights[index] ?? 0
    found.members.push(index)
    byName.set(name, found)
  }
  return [...byName.values()]
}

/** Divides `amount` by weight; what is over a cap goes to those below theirs. */
export function pour(amount: number, weights: readonly number[], caps: readonly number[]) {
  const parts = weights.map(() => 0)
  let open = weights.map((_, index) => index).filter((index) => (weights[index] ?? 0) > 0)
  let left = amount
  while (open.length > 0 && left > 0) {
    const total = open.reduce((sum, index) => sum + (weights[index] ?? 0), 0)
    const fits = (index: number) =>
      (left * (weights[index] ?? 0)) / total <= (caps[index] ?? 0) * (1 + 1e-12)
    const full = open.filter((index) => !fits(index))
    if (full.length === 0) {
      for (const index of open) parts[index] = (left * (weights[index] ?? 0)) / total
      return parts
    }
    for (const index of full) {
      parts[index] = caps[index] ?? 0
      left -= caps[index] ?? 0
    }
    open = open.filter((index) => parts[index] === 0)
  }
  return parts
}
