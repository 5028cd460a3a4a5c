/** Takes a gateway into the cell: remembers the node, gives it what is its own for good. */

import type { Hello } from '../contract/messages.ts'
import type { Control } from '../control.ts'
import type { Compare, Operation } from '../metadata/metadata.ts'
import { controllerIdMax } from '../model/cell.ts'
import { takeNumbers } from '../model/counter.ts'
import { type Node, nodeKind, storePrefix } from '../model/node.ts'
import {
  absent,
  putRecord,
  readRecord,
  retryConflicts,
  type Stored,
  unchanged,
} from '../model/record.ts'
import { readRoom } from '../pools/read-room.ts'
import { claimStores } from './claim-stores.ts'
import { Refusal } from './refusal.ts'

/** `hello` has been checked. */
export async function registerNode(control: Control, hello: Hello): Promise<Node> {
  await claimStores(control, hello.nodeName, storeIdsOf(hello))
  // In turn: nodes that come all at once take their numbers from the same counters.
  return control.inTurn(() =>
    retryConflicts(async () => {
      const stored = await readRecord(control.store, nodeKind, hello.nodeName)
      if (stored) await checkNoStoreMissing(control, stored.value, hello)
      const grant = await (stored ? keep(control, stored) : grantNew(control, hello.nodeName))
      const node = nodeOf(hello, grant)
      const { succeeded } = await control.store.transact({
        compare: grant.compare,
        success: [putRecord(nodeKind, node.name, node), ...grant.operations],
      })
      return succeeded ? node : undefined
    }),
  )
}

const storeIdsOf = (hello: Hello): string[] => [
  ...new Set([...hello.storeIds, ...hello.devices.map((device) => device.storeId)].filter(Boolean)),
]

/** Served without its disk, a volume would read as zeroes. */
async function checkNoStoreMissing(control: Control, node: Node, hello: Hello): Promise<void> {
  const { groups, usageOf } = await readRoom(control.store)
  const holds = groups.some(
    ({ number, members }) =>
      usageOf(number).volumes > 0 && members.some((member) => member.node === node.name),
  )
  if (!holds) return
  const { items } = await control.store.range({ prefix: storePrefix })
  const present = new Set(storeIdsOf(hello))
  for (const { key, value } of items) {
    const id = key.slice(storePrefix.length)
    if (Buffer.from(value).toString() !== node.name || present.has(id)) continue
    throw new Refusal(
      'STORE_MISSING',
      `Node ${node.name} holds volumes, and its store ${id} is not there any more.`,
    )
  }
}

interface Grant {
  readonly compare: readonly Compare[]
  readonly operations: readonly Operation[]
  readonly number: number
  readonly drainingSince?: string
  readonly controllerIds: Node['controllerIds']
  readonly registeredAt: string
  readonly devices: Node['devices']
}

async function keep({ store }: Control, stored: Stored<Node>): Promise<Grant> {
  const kept = { ...stored.value, compare: [unchanged(stored)], operations: [] }
  if (kept.number !== undefined) return kept
  // A node of a release that gave none.
  const numbers = await takeNumbers(store, 'node')
  return {
    ...kept,
    number: numbers.first,
    compare: [unchanged(stored), numbers.compare],
    operations: [numbers.operation],
  }
}

async function grantNew({ store, cell }: Control, name: string): Promise<Grant> {
  const ids = await takeNumbers(store, 'controller-id', cell.controllerIdsPerNode)
  const last = ids.first + cell.controllerIdsPerNode - 1
  if (last > controllerIdMax)
    throw new Refusal(
      'CONTROLLER_IDS_EXHAUSTED',
      `All ${controllerIdMax} controller ids are given; make cell.controllerIdsPerNode smaller.`,
    )
  const numbers = await takeNumbers(store, 'node')
  return {
    number: numbers.first,
    controllerIds: { first: ids.first, last },
    registeredAt: new Date().toISOString(),
    devices: [],
    compare: [absent(nodeKind.prefix + name), numbers.compare, ids.compare],
    operations: [numbers.operation, ids.operation],
  }
}

function nodeOf(hello: Hello, grant: Grant): Node {
  return {
    name: hello.nodeName,
    number: grant.number,
    rack: hello.rack,
    zone: hello.zone,
    io: hello.io as Node['io'],
    discovery: hello.discovery as Node['discovery'],
    softwareVersion: hello.softwareVersion,
    incarnation: hello.incarnation,
    devices: hello.devices.length > 0 ? hello.devices : grant.devices,
    controllerIds: grant.controllerIds,
    registeredAt: grant.registeredAt,
    ...(hello.peer ? { peer: hello.peer } : {}),
    ...(grant.drainingSince === undefined ? {} : { drainingSince: grant.drainingSince }),
  }
}
