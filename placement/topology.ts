/** What placement knows of a cell: its nodes, where they stand, and how groups shall lie. */

export interface PlacedNode {
  readonly name: string
  /** Racks are told apart by name alone; all nodes of one are in the same zone. */
  readonly rack: string
  /** Zones count when every node that is `in` has one; empty otherwise. */
  readonly zone: string
  readonly capacityBytes: number
  /** `out` holds nothing in the end: it is being drained, or was given up. */
  readonly state: 'in' | 'out'
}

/** Whether groups may have members there. */
export const isUsable = ({ state, capacityBytes }: PlacedNode): boolean =>
  state === 'in' && capacityBytes > 0

export type Copies = 1 | 2 | 3

export interface PlacementSettings {
  /** How many memberships of groups each node has, on average over the cell. */
  readonly groupsPerNode: number
  /**
   * The most other nodes that a node of average weight shares groups with; heavier nodes may have
   * more, as their share. Groups are made with two thirds of it, so that moves have room.
   */
  readonly scatterWidth: number
  /** How far from its fair share a node may be before groups move; 0.05 is 5 %. */
  readonly tolerance: number
  readonly seed: number
}

export const defaultSettings: PlacementSettings = {
  groupsPerNode: 100,
  scatterWidth: 60,
  tolerance: 0.05,
  seed: 1,
}

export const placementLimits = {
  nodesMax: 10_000,
  copiesMax: 3,
  groupsPerNodeMax: 1000,
  /** A volume's map has four bytes for the number of a group. */
  groupNumberMax: 2 ** 32 - 1,
} as const

/** How many members of one group may be in the same zone: one, where there are zones enough. */
export function membersPerZone(zoneCount: number, copies: number): number {
  return zoneCount <= 1 ? copies : Math.ceil(copies / zoneCount)
}

/** The zone that counts for each node: all nodes are in one when not each of them has one. */
export function zonesOf(nodes: readonly PlacedNode[]): (node: PlacedNode) => string {
  const given = nodes.every((node) => node.state === 'out' || node.zone !== '')
  return given ? ({ zone }) => zone : () => ''
}

/** A sentence on why groups of so many copies cannot lie on these nodes, or undefined. */
export function placementObstacle(
  nodes: readonly PlacedNode[],
  copies: Copies,
): string | undefined {
  const usable = nodes.filter(isUsable)
  const split = splitRack(usable)
  if (split !== undefined) return split
  const rackCount = new Set(usable.map(({ rack }) => rack)).size
  if (rackCount >= copies) return undefined
  const racks = rackCount === 1 ? '1 rack has' : `${rackCount} racks have`
  return (
    `${copies} ${copies === 1 ? 'copy needs' : 'copies need'} nodes with room in ` +
    `${copies} ${copies === 1 ? 'rack' : 'racks'}, and ${racks} one: ` +
    'add racks, bring nodes back, or ask for fewer copies.'
  )
}

function splitRack(nodes: readonly PlacedNode[]): string | undefined {
  const zoneOf = zonesOf(nodes)
  const zones = new Map<string, string>()
  for (const node of nodes) {
    const zone = zoneOf(node)
    const known = zones.get(node.rack) ?? zone
    if (known !== zone)
      return `Rack ${node.rack} is in zone ${known} and in zone ${zone}: a rack is in one zone.`
    zones.set(node.rack, zone)
  }
  return undefined
}
