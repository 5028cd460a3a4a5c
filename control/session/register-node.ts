/** Takes a gateway into the cell: remembers the node, gives it what is its own for good. */

import type { Hello } from '../contract/messages.ts'
import type { Control } from '../control.ts'
import type { Compare, Operation } from '../metadata/metadata.ts'
import { controllerIdMax } from '../model/cell.ts'
import { takeNumbers } from '../model/counter.ts'
import { type Node, nodeKind, storePrefix } from '../model/node.ts'
import {
  absent,
  deleteKey,
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
      const grant = await (stored
        ? keep(control, stored, hello)
        : grantNew(control, hello.nodeName))
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

interface Missing {
  readonly compare: readonly Compare[]
  readonly operations: readonly Operation[]
}

/**
 * Stores that the node had and has no more; undefined: none.
 *
 * Served without its disk, a volume would read as zeroes, and whoever still takes the node for a
 * member that has everything would count what it has not. So it is refused, as a member and as one
 * that was lost and could come back, and otherwise comes as another one, with a new number.
 */
async function missingStores(
  { store }: Control,
  node: Node,
  hello: Hello,
): Promise<Missing | undefined> {
  const { items } = await store.range({ prefix: storePrefix })
  const present = new Set(storeIdsOf(hello))
  const gone = items.filter(
    ({ key, value }) =>
      Buffer.from(value).toString() === node.name && !present.has(key.slice(storePrefix.length)),
  )
  const [first] = gone
  if (!first) return undefined
  const { groups, usageOf } = await readRoom(store)
  const own = groups.filter(({ members, lost = [] }) =>
    [...members, ...lost].some((member) => member.node === node.name),
  )
  if (own.some(({ number }) => usageOf(number).volumes > 0))
    throw new Refusal(
      'STORE_MISSING',
      `Node ${node.name} holds volumes, and its store ${first.key.slice(storePrefix.length)} ` +
        'is not there any more: bring it back, or give the machine another node name.',
    )
  if (own.length > 0) return undefined
  return {
    compare: gone.map(({ key, modRevision }) => ({ key, modRevision })),
    operations: gone.map(({ key }) => deleteKey(key)),
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

async function keep(control: Control, stored: Stored<Node>, hello: Hello): Promise<Grant> {
  const missing = await missingStores(control, stored.value, hello)
  const kept = { ...stored.value, compare: [unchanged(stored)], operations: [] }
  // A record of the first release has no number either.
  if (!missing && kept.number !== undefined) return kept
  const numbers = await takeNumbers(control.store, 'node')
  return {
    ...kept,
    number: numbers.first,
    compare: [...kept.compare, numbers.compare, ...(missing?.compare ?? [])],
    operations: [numbers.operation, ...(missing?.operations ?? [])],
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
