/** Takes a gateway's Hello into the cell: checks it, remembers the node, gives it what is its own for good. */

import { contractVersion, type Hello, type RefusalCode } from '../contract/messages.ts'
import type { Control } from '../control.ts'
import type { Compare, Operation } from '../metadata/metadata.ts'
import { controllerIdMax } from '../model/cell.ts'
import { takeNumbers } from '../model/counter.ts'
import { type Node, nodeKind, nodeNamePattern, storePrefix } from '../model/node.ts'
import { readUsage } from '../model/node-usage.ts'
import { placementGroupKind, placementGroupName } from '../model/placement-group.ts'
import {
  absent,
  putRecord,
  readRecord,
  retryConflicts,
  type Stored,
  unchanged,
} from '../model/record.ts'

export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: RefusalCode

  constructor(code: RefusalCode, reason: string) {
    super(reason)
    this.code = code
  }
}

export async function registerNode(control: Control, hello: Hello): Promise<Node> {
  checkHello(control, hello)
  return retryConflicts(async () => {
    const stored = await readRecord(control.store, nodeKind, hello.nodeName)
    const stores = await claimStores(control, hello.nodeName, storeIdsOf(hello))
    if (stored) await checkNoStoreMissing(control, stored.value, hello)
    const grant = stored ? keep(stored) : await grantNew(control, hello.nodeName)
    const node = nodeOf(hello, grant)
    const { succeeded } = await control.store.transact({
      compare: [...grant.compare, ...stores.compare],
      success: [putRecord(nodeKind, node.name, node), ...grant.operations, ...stores.operations],
    })
    return succeeded ? node : undefined
  })
}

/** Stores that a gateway formatted after its Hello become its own. */
export async function registerStores(
  control: Control,
  node: string,
  storeIds: readonly string[],
): Promise<void> {
  await retryConflicts(async () => {
    const { compare, operations } = await claimStores(control, node, storeIds)
    if (operations.length === 0) return true
    return (await control.store.transact({ compare, success: operations })).succeeded || undefined
  })
}

function checkHello({ cell }: Control, hello: Hello): void {
  if (hello.contractVersion !== contractVersion)
    throw new Refusal(
      'CONTRACT_VERSION',
      `The gateway speaks contract version ${hello.contractVersion}; control speaks ${contractVersion}.`,
    )
  if (!new RegExp(nodeNamePattern).test(hello.nodeName))
    throw new Refusal(
      'INVALID_HELLO',
      `The node name "${hello.nodeName}" has to be 1 to 63 of a-z, 0-9 and "-".`,
    )
  if (!hello.rack || !hello.incarnation)
    throw new Refusal('INVALID_HELLO', 'The gateway has to say its rack and its incarnation.')
  for (const endpoint of [hello.io, hello.discovery])
    if (!endpoint?.address || endpoint.port < 1 || endpoint.port > 65_535)
      throw new Refusal('INVALID_HELLO', 'The gateway has to say where hosts reach it.')
  if (hello.extentBytes !== cell.extentBytes)
    throw new Refusal(
      'EXTENT_SIZE',
      `The gateway has extents of ${hello.extentBytes} bytes; this cell has ${cell.extentBytes}.`,
    )
}

const storeIdsOf = (hello: Hello): string[] => [
  ...new Set([...hello.storeIds, ...hello.devices.map((device) => device.storeId)].filter(Boolean)),
]

interface Claims {
  readonly compare: readonly Compare[]
  readonly operations: readonly Operation[]
}

async function claimStores(
  { store }: Control,
  node: string,
  storeIds: readonly string[],
): Promise<Claims> {
  const compare: Compare[] = []
  const operations: Operation[] = []
  for (const id of storeIds) {
    const key = storePrefix + id
    const { entry } = await store.get(key)
    const owner = entry && Buffer.from(entry.value).toString()
    if (owner === node) continue
    if (owner)
      throw new Refusal(
        'FOREIGN_STORE',
        `Store ${id} belongs to node ${owner}, not to ${node}: the disk or the configuration was moved.`,
      )
    compare.push(absent(key))
    operations.push({ kind: 'put', key, value: Buffer.from(node) })
  }
  return { compare, operations }
}

/** Served without its disk, a volume would read as zeroes. */
async function checkNoStoreMissing(control: Control, node: Node, hello: Hello): Promise<void> {
  const { value: usage } = await readUsage(control.store, node.name)
  if (usage.volumes === 0) return
  const { items } = await control.store.range({ prefix: storePrefix })
  const present = new Set(storeIdsOf(hello))
  for (const { key, value } of items) {
    const id = key.slice(storePrefix.length)
    if (Buffer.from(value).toString() !== node.name || present.has(id)) continue
    throw new Refusal(
      'STORE_MISSING',
      `Node ${node.name} has ${usage.volumes} volumes, and its store ${id} is not there any more.`,
    )
  }
}

interface Grant extends Claims {
  readonly controllerIds: Node['controllerIds']
  readonly placementGroups: readonly number[]
  readonly registeredAt: string
}

const keep = (stored: Stored<Node>): Grant => ({
  ...stored.value,
  compare: [unchanged(stored)],
  operations: [],
})

async function grantNew({ store, cell }: Control, name: string): Promise<Grant> {
  const ids = await takeNumbers(store, 'controller-id', cell.controllerIdsPerNode)
  const last = ids.first + cell.controllerIdsPerNode - 1
  if (last > controllerIdMax)
    throw new Refusal(
      'CONTROLLER_IDS_EXHAUSTED',
      `All ${controllerIdMax} controller ids are given; make cell.controllerIdsPerNode smaller.`,
    )
  const groups = await takeNumbers(store, 'placement-group', cell.placementGroupsPerNode)
  const placementGroups = Array.from(
    { length: cell.placementGroupsPerNode },
    (_, index) => groups.first + index,
  )
  return {
    controllerIds: { first: ids.first, last },
    placementGroups,
    registeredAt: new Date().toISOString(),
    compare: [absent(nodeKind.prefix + name), ids.compare, groups.compare],
    operations: [
      ids.operation,
      groups.operation,
      ...placementGroups.map((number) =>
        putRecord(placementGroupKind, placementGroupName(number), {
          number,
          epoch: 1,
          primary: name,
          members: [{ node: name, role: 'in-sync' as const }],
        }),
      ),
    ],
  }
}

function nodeOf(hello: Hello, grant: Grant): Node {
  return {
    name: hello.nodeName,
    rack: hello.rack,
    zone: hello.zone,
    io: hello.io as Node['io'],
    discovery: hello.discovery as Node['discovery'],
    softwareVersion: hello.softwareVersion,
    incarnation: hello.incarnation,
    devices: hello.devices,
    controllerIds: grant.controllerIds,
    placementGroups: grant.placementGroups,
    registeredAt: grant.registeredAt,
  }
}
