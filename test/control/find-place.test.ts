/** Where volumes go, from what is known of nodes. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { findPlace, type PlaceRequest } from '../../control/find-place.ts'
import { readCandidate, readCandidates } from '../../control/model/candidates.ts'
import { unpackExtentMap } from '../../control/model/extent-map.ts'
import { type Device, type Node, nodeKind } from '../../control/model/node.ts'
import { type PlacementGroup, placementGroupKind } from '../../control/model/placement-group.ts'
import { listRecords, putRecord, readRecord } from '../../control/model/record.ts'
import { makeGroups } from '../../control/pools/make-groups.ts'
import { device } from './reconcile/samples.ts'
import { type BareRig, cellSettings, createBareRig, GiB, limits, MiB } from './support/rig.ts'

let rig: BareRig
let nowMs = 0

test.before.each(async () => {
  nowMs = 0
  rig = await createBareRig({}, () => nowMs)
})
test.after.each(() => rig.close())

const request: PlaceRequest = {
  id: 'vol-0000000000000001',
  number: 1,
  copies: 1,
  sizeBytes: GiB,
}
const sized = (capacityBytes: number): Device => ({ ...device, capacityBytes })

let nodes = 0
async function addNode(name: string, devices: readonly Device[], rack = name): Promise<void> {
  const node: Node = {
    name,
    number: ++nodes,
    rack,
    zone: '',
    io: { address: '192.0.2.1', port: 4420 },
    discovery: { address: '192.0.2.1', port: 8009 },
    softwareVersion: '0',
    incarnation: 'one',
    devices,
    controllerIds: { first: 1, last: 16 },
    peer: { address: '192.0.2.1', port: 7482 },
    registeredAt: '2026-01-01T00:00:00.000Z',
  }
  await rig.store.transact({ compare: [], success: [putRecord(nodeKind, name, node)] })
}
const connect = (name: string, devices: readonly Device[]) =>
  rig.control.fleet.connected(name, 'one', devices)

test('without a node there is no place', async () => {
  const place = await findPlace(rig.control, request)
  assert.is(place.kind === 'none' && place.code, 'NO_NODES')
})

test('a place comes with the room it takes and the map', async () => {
  await addNode('n1', [sized(2 * GiB)])
  connect('n1', [])
  const place = await findPlace(rig.control, request)
  if (place.kind !== 'found') return assert.unreachable(JSON.stringify(place))
  assert.is(place.home, 'n1')
  await rig.store.transact({ compare: place.compare, success: place.operations })
  assert.is((await readCandidate(rig.control, 'n1'))?.provisionedBytes, GiB)
  const { entry } = await rig.store.get(`volume-map/${request.id}`)
  const map = unpackExtentMap(entry?.value ?? Buffer.alloc(0))
  assert.is(map.length, GiB / (64 * MiB))
  assert.equal([...new Set(map)], place.placementGroups)
  assert.is(place.placementGroups.length, cellSettings.volumeWidth)
  // The room can be taken once: what was decided on the old usage does not hold any more.
  const { succeeded } = await rig.store.transact({
    compare: place.compare,
    success: place.operations,
  })
  assert.is(succeeded, false)
})

test('only living nodes are chosen; one that is away is waited for', async () => {
  await addNode('away', [sized(100 * GiB)])
  await addNode('here', [sized(GiB)])
  connect('here', [])
  for (let number = 1; number < 20; number++) {
    const place = await findPlace(rig.control, { ...request, number })
    assert.is(place.kind === 'found' && place.home, 'here')
  }
  const large = await findPlace(rig.control, { ...request, sizeBytes: 2 * GiB })
  assert.match(large.kind === 'wait' ? large.reason : '', /node away/)
  nowMs += limits.silentAfterMs
  assert.is((await findPlace(rig.control, request)).kind, 'wait')
})

test('a node that has not said what it has may have room', async () => {
  await addNode('new', [])
  assert.is((await findPlace(rig.control, request)).kind, 'wait')
  connect('new', [])
  assert.is((await findPlace(rig.control, request)).kind, 'wait')
  rig.control.fleet.heartbeat('new', [sized(GiB)], 0)
  assert.is((await findPlace(rig.control, request)).kind, 'found')
})

const taken = async (change: Partial<PlaceRequest>) => {
  const place = await findPlace(rig.control, { ...request, ...change })
  if (place.kind !== 'found') throw new Error(place.reason)
  const { succeeded } = await rig.store.transact({
    compare: place.compare,
    success: place.operations,
  })
  assert.ok(succeeded)
  return place
}

test('what fits nowhere is refused with how much there is', async () => {
  await addNode('n1', [sized(10 * GiB)])
  connect('n1', [])
  await taken({ sizeBytes: 9.5 * GiB })
  const place = await findPlace(rig.control, { ...request, number: 2 })
  if (place.kind !== 'none') return assert.unreachable(place.kind)
  assert.is(place.code, 'NO_CAPACITY')
  assert.is(place.pointer, '/sizeBytes')
  assert.match(place.reason, `needs ${GiB} bytes;`)
  assert.match(place.reason, `has ${0.5 * GiB} bytes free`)
})

async function addCell(): Promise<void> {
  for (const name of ['n1', 'n2', 'n3', 'n4']) {
    await addNode(name, [sized(10 * GiB)])
    connect(name, [])
  }
}

async function groupRecords(): Promise<PlacementGroup[]> {
  return (await listRecords(rig.store, placementGroupKind)).map(({ value }) => value)
}

test('the first volume of so many copies makes the groups for them, once', async () => {
  await addCell()
  await taken({ copies: 3 })
  const groups = await groupRecords()
  assert.is(groups.length, Math.ceil((16 * 4) / 3))
  for (const { copies, epoch, minInSync, members, primary } of groups) {
    assert.equal([copies, epoch, minInSync], [3, 1, 2])
    assert.is(new Set(members.map(({ node }) => node)).size, 3)
    assert.ok(members.every(({ role, since }) => role === 'in-sync' && since !== ''))
    assert.ok(members.some(({ node }) => node === primary))
  }
  for (const name of ['n1', 'n2', 'n3', 'n4']) {
    const served = groups.filter(({ primary }) => primary === name).length
    assert.ok(served >= 4 && served <= 7, `${name} serves ${served}`)
  }
  await taken({ id: 'vol-0000000000000002', number: 2, copies: 3 })
  assert.is((await groupRecords()).length, groups.length)
  await taken({ id: 'vol-0000000000000003', number: 3, copies: 2 })
  assert.is((await groupRecords()).length, groups.length + 32)
})

test('every copy takes room, and all of it can be taken', async () => {
  await addCell()
  const sizeBytes = 4 * GiB
  for (const number of [1, 2, 3]) await taken({ id: `vol-${number}`, number, copies: 3, sizeBytes })
  const candidates = await readCandidates(rig.control)
  const provisioned = candidates.map(({ provisionedBytes }) => provisionedBytes)
  assert.is(
    provisioned.reduce((sum, bytes) => sum + bytes),
    3 * 3 * sizeBytes,
  )
  assert.ok(Math.max(...provisioned) <= 10 * GiB)
  const place = await findPlace(rig.control, { ...request, number: 9, copies: 3, sizeBytes })
  if (place.kind !== 'none') return assert.unreachable(place.kind)
  assert.is(place.code, 'NO_CAPACITY')
  assert.match(place.reason, /3 times, on nodes of different racks/)
})

test('a volume of one extent is served by the primary of its only group', async () => {
  await addCell()
  const place = await taken({ copies: 3, sizeBytes: 64 * MiB })
  assert.is(place.placementGroups.length, 1)
  const group = (await groupRecords()).find(({ number }) => number === place.placementGroups[0])
  assert.is(group?.primary, place.home)
})

test('with fewer racks than copies a volume is refused, and told of what would do', async () => {
  await addNode('n1', [sized(10 * GiB)], 'r1')
  await addNode('n2', [sized(10 * GiB)], 'r1')
  await addNode('n3', [sized(10 * GiB)], 'r2')
  for (const name of ['n1', 'n2', 'n3']) connect(name, [])
  const place = await findPlace(rig.control, { ...request, copies: 3 })
  if (place.kind !== 'none') return assert.unreachable(place.kind)
  assert.is(place.code, 'TOO_FEW_RACKS')
  assert.is(place.pointer, '/copies')
  assert.match(place.reason, /3 racks, and 2 racks have one: .* fewer copies/)
  assert.equal(await groupRecords(), [])
  await taken({ copies: 2 })
  await addNode('n4', [], 'r3')
  const later = await findPlace(rig.control, { ...request, copies: 3 })
  assert.is(later.kind, 'wait')
})

test('a node that no peer can reach holds no copy beside others', async () => {
  await addCell()
  await changeNode('n4', ({ peer: _, ...node }) => node)
  await changeNode('n3', (node) => ({ ...node, drainingSince: '2026-01-01T00:00:00.000Z' }))
  await taken({ copies: 2 })
  for (const { members } of await groupRecords())
    assert.equal(members.map(({ node }) => node).sort(), ['n1', 'n2'])
})

async function changeNode(name: string, change: (node: Node) => Node): Promise<void> {
  const node = await readRecord(rig.store, nodeKind, name)
  if (!node) throw new Error(`no node ${name}`)
  await rig.store.transact({
    compare: [],
    success: [putRecord(nodeKind, name, change(node.value))],
  })
}

test('groups made by two at once are made once', async () => {
  await addCell()
  const made = await Promise.all([1, 2, 3].map(() => makeGroups(rig.control, 3)))
  const count = made.reduce((sum, one) => sum + (one.kind === 'made' ? one.count : 0), 0)
  const groups = await groupRecords()
  assert.is(groups.length, Math.ceil((16 * 4) / 3))
  assert.is(count, groups.length)
})

test('a pool of many groups is made in several transactions', async () => {
  const large = await createBareRig({ placementGroupsPerNode: 100 })
  const own = rig
  rig = large
  try {
    await addCell()
    const made = await makeGroups(rig.control, 1)
    assert.equal(made, { kind: 'made', count: 400 })
    const numbers = (await groupRecords()).map(({ number }) => number)
    assert.equal(numbers.length, new Set(numbers).size)
  } finally {
    rig = own
    await large.close()
  }
})

test('the session knows devices better than the record', async () => {
  await addNode('n1', [sized(10 * GiB)])
  assert.is((await readCandidates(rig.control))[0]?.capacityBytes, 10 * GiB)
  connect('n1', [sized(20 * GiB)])
  assert.is((await readCandidates(rig.control))[0]?.capacityBytes, 20 * GiB)
  rig.control.fleet.heartbeat('n1', [{ ...sized(20 * GiB), failed: true }], 0)
  assert.is((await readCandidate(rig.control, 'n1'))?.capacityBytes, 0)
  assert.is(await readCandidate(rig.control, 'n2'), undefined)
})

test.run()
