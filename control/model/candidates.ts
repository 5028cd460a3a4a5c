/**
 * Nodes with what is known of their room: from the record, the present session, and the volumes
 * placed.
 */
import type { Candidate as PlacementCandidate } from '../../placement/choose-home.ts'
import type { MetadataStore } from '../metadata/metadata.ts'
import type { Fleet, Health } from '../session/fleet.ts'
import { capacityOf, type Device, type Node, nodeKind } from './node.ts'
import { listUsage, type NodeUsage, noUsage, readUsage } from './node-usage.ts'
import { listRecords, readRecord, type Stored } from './record.ts'

export interface Candidate extends PlacementCandidate {
  readonly node: Node
  readonly usage: Stored<NodeUsage>
  readonly devices: readonly Device[]
  readonly health: Health
  /** False until its gateway has opened its devices for the first time. */
  readonly capacityKnown: boolean
}

interface Sources {
  readonly store: MetadataStore
  readonly fleet: Fleet
}

export async function readCandidates({ store, fleet }: Sources): Promise<Candidate[]> {
  const [nodes, usages] = await Promise.all([listRecords(store, nodeKind), listUsage(store)])
  return nodes.map(({ value }) =>
    candidateOf(fleet, value, usages.get(value.name) ?? noUsage(value.name)),
  )
}

export async function readCandidate(
  { store, fleet }: Sources,
  name: string,
): Promise<Candidate | undefined> {
  const [node, usage] = await Promise.all([
    readRecord(store, nodeKind, name),
    readUsage(store, name),
  ])
  return node && candidateOf(fleet, node.value, usage)
}

function candidateOf(fleet: Fleet, node: Node, usage: Stored<NodeUsage>): Candidate {
  const reported = fleet.view(node.name)?.devices ?? []
  const devices = reported.length > 0 ? reported : node.devices
  return {
    name: node.name,
    rack: node.rack,
    node,
    usage,
    devices,
    health: fleet.health(node.name),
    capacityKnown: devices.length > 0,
    capacityBytes: capacityOf(devices),
    provisionedBytes: usage.value.provisionedBytes,
  }
}
