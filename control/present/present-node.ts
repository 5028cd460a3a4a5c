/** A node as the API shows it: its record, its session, and the room that is left. */
import type { Control } from '../control.ts'
import type { NodeBody } from '../http/schemas/node.ts'
import { type Candidate, freeBytes } from '../model/candidates.ts'
import { type Device, usedOf } from '../model/node.ts'
import { membershipOf } from '../model/node-drain.ts'
import { nodeFault } from '../reconcile/node-fault.ts'
import { addressOf } from './present-attachment.ts'

function presentDevice({ store, scrub: _, ...device }: Device): NodeBody['devices'][number] {
  if (!store) return device
  const { hostWrittenBytes, deviceWrittenBytes } = store
  const writeAmplification = Math.round((100 * deviceWrittenBytes) / hostWrittenBytes) / 100
  return { ...device, store: { ...store, ...(hostWrittenBytes > 0 && { writeAmplification }) } }
}

export function presentNode(
  { cell, fleet, mirror }: Pick<Control, 'cell' | 'fleet' | 'mirror'>,
  candidate: Candidate,
): NodeBody {
  const { node, devices, health } = candidate
  const reason = nodeFault(fleet, node.name, devices)
  return {
    name: node.name,
    rack: node.rack,
    ...(node.zone !== '' && { zone: node.zone }),
    health,
    ...(reason !== undefined && { reason }),
    number: node.number ?? 0,
    ...membershipOf(mirror, node),
    address: addressOf(node.io),
    discoveryAddress: addressOf(node.discovery),
    softwareVersion: node.softwareVersion,
    incarnation: node.incarnation,
    hostConnections: fleet.view(node.name)?.hostConnections ?? 0,
    devices: devices.map(presentDevice),
    capacityBytes: candidate.capacityBytes,
    usedBytes: usedOf(devices),
    provisionedBytes: candidate.provisionedBytes,
    freeBytes: freeBytes(candidate, cell.overcommit),
    registeredAt: node.registeredAt,
  }
}
