/** Chooses the node that will hold and serve a volume: racks evenly, then by free capacity. */
import { seededRandom } from './random.ts'

export interface Candidate {
  readonly name: string
  readonly rack: string
  readonly capacityBytes: number
  /** What the volumes placed there may come to hold. */
  readonly provisionedBytes: number
}

export interface HomeRequest {
  readonly seed: number
  readonly sizeBytes: number
  /** How much may be provisioned for each byte of capacity. */
  readonly overcommit: number
}

export const freeBytes = (node: Candidate, overcommit: number): number =>
  Math.max(0, Math.floor(node.capacityBytes * overcommit) - node.provisionedBytes)

/**
 * Draws a rack, then a node in it, each with odds as its free share; racks and nodes without room
 * are left out. Undefined when the volume fits nowhere.
 *
 * A share (free / whole) rather than bytes at the rack's level keeps a rack of large nodes from
 * drawing everything while the others still have most of their room.
 */
export function chooseHome(
  nodes: readonly Candidate[],
  { seed, sizeBytes, overcommit }: HomeRequest,
): string | undefined {
  const racks = new Map<string, Candidate[]>()
  const sorted = [...nodes].sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const node of sorted) {
    if (node.capacityBytes <= 0 || freeBytes(node, overcommit) < sizeBytes) continue
    racks.set(node.rack, [...(racks.get(node.rack) ?? []), node])
  }
  const random = seededRandom(seed)
  const members = draw(
    [...racks.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, rack]) => rack),
    (rack) => freeShare(rack, overcommit),
    random(),
  )
  return draw(members ?? [], (node) => freeBytes(node, overcommit), random())?.name
}

function freeShare(rack: readonly Candidate[], overcommit: number): number {
  const free = rack.reduce((sum, node) => sum + freeBytes(node, overcommit), 0)
  return free / rack.reduce((sum, node) => sum + node.capacityBytes * overcommit, 0)
}

/** One of `items`, with odds as their weights; `point` is in 0..1. All zero weights: the first. */
function draw<T>(items: readonly T[], weightOf: (item: T) => number, point: number): T | undefined {
  let left = items.reduce((sum, item) => sum + weightOf(item), 0) * point
  for (const item of items) {
    left -= weightOf(item)
    if (left < 0) return item
  }
  return items[0]
}
