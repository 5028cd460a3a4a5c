/** The cell's nodes as plans for groups see them. */
import type { Mirror } from '../model/mirror.ts'
import { capacityOf, type Node, usedOf } from '../model/node.ts'
import type { Fleet } from '../session/fleet.ts'
import type { PlannedNode } from './plan-joins.ts'

export function plannedNodes(
  nodes: Mirror['nodes'],
  fleet: Fleet,
  /** How full a node's disks may be for groups to be moved there, in percent. */
  fullPercent: number,
): PlannedNode[] {
  return [...nodes.values()].map(({ value }) => planned(value, fleet, fullPercent))
}

function planned(node: Node, fleet: Fleet, fullPercent: number): PlannedNode {
  const { name, rack, zone, peer, drainingSince } = node
  const reported = fleet.view(name)?.devices ?? []
  const devices = reported.length > 0 ? reported : node.devices
  const capacityBytes = capacityOf(devices)
  const isFull = usedOf(devices) * 100 >= capacityBytes * fullPercent
  const isGood = devices.every(({ failed }) => !failed)
  return {
    name,
    rack,
    zone,
    capacityBytes,
    state: drainingSince === undefined ? 'in' : 'out',
    alive: fleet.health(name) === 'alive',
    silentMs: fleet.silentMs(name),
    draining: drainingSince !== undefined,
    canTake: peer !== undefined && isGood && !isFull,
  }
}
