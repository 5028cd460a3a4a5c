/**
 * Nodes with what is known of their room: from the record, the present session, and the placement
 * groups they are members of.
 */
import type { MetadataStore } from '../metadata/metadata.ts'
import { type Room, readRoom } from '../pools/read-room.ts'
import type { Fleet, Health } from '../session/fleet.ts'
import { capacityOf, type Device, type Node } from './node.ts'

export interface Candidate {
  readonly name: string
  readonly node: Node
  readonly devices: readonly Device[]
  readonly health: Health
  /** False until its gateway has opened its devices for the first time. */
  readonly capacityKnown: boolean
  readonly capacityBytes: number
  /** What the volumes in its groups may come to hold there. */
  readonly provisionedBytes: number
}

interface Sources {
  readonly store: MetadataStore
  readonly fleet: Fleet
}

/** How much of the node's capacity is not promised yet, each byte counted `overcommit` times. */
export const freeBytes = (
  { capacityBytes, provisionedBytes }: Pick<Candidate, 'capacityBytes' | 'provisionedBytes'>,
  overcommit: number,
): number => Math.max(0, Math.floor(capacityBytes * overcommit) - provisionedBytes)

export async function readCandidates({ store, fleet }: Sources): Promise<Candidate[]> {
  return candidatesOf(await readRoom(store), fleet)
}

export async function readCandidate(
  sources: Sources,
  name: string,
): Promise<Candidate | undefined> {
  return (await readCandidates(sources)).find((candidate) => candidate.name === name)
}

export function candidatesOf(room: Omit<Room, 'ledger'>, fleet: Fleet): Candidate[] {
  const promised = new Map<string, number>()
  for (const { number, members } of room.groups) {
    const { provisionedBytes } = room.usageOf(number)
    for (const { node } of members) promised.set(node, (promised.get(node) ?? 0) + provisionedBytes)
  }
  return room.nodes.map((node) => {
    const reported = fleet.view(node.name)?.devices ?? []
    const devices = reported.length > 0 ? reported : node.devices
    return {
      name: node.name,
      node,
      devices,
      health: fleet.health(node.name),
      capacityKnown: devices.length > 0,
      capacityBytes: capacityOf(devices),
      provisionedBytes: promised.get(node.name) ?? 0,
    }
  })
}
