/** Where volumes go, from what is known of nodes. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { findPlace } from '../../control/find-place.ts'
import { readCandidate, readCandidates } from '../../control/model/candidates.ts'
import { unpackExtentMap } from '../../control/model/extent-map.ts'
import { type Device, type Node, nodeKind } from '../../control/model/node.ts'
import { putUsage } from '../../control/model/node-usage.ts'
import { putRecord } from '../../control/model/record.ts'
import { device } from './reconcile/samples.ts'
import { type BareRig, createBareRig, GiB, limits, MiB } from './support/rig.ts'

let rig: BareRig
let nowMs = 0

test.before.each(async () => {
  nowMs = 0
  rig = await createBareRig({}, () => nowMs)
})
test.after.each(() => rig.close())

const request = { id: 'vol-0000000000000001', number: 1, sizeBytes: GiB }
const sized = (capacityBytes: number): Device => ({ ...device, capacityBytes })

async function addNode(name: string, devices: readonly Device[]): Promise<void> {
  const node: Node = {
    name,
    number: 1,
    rack: name,
    zone: '',
    io: { address: '192.0.2.1', port: 4420 },
    discovery: { address: '192.0.2.1', port: 8009 },
    softwareVersion: '0',
    incarnation: 'one',
    devices,
    controllerIds: { first: 1, last: 16 },
    placementGroups: [1, 2, 3, 4],
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
  assert.ok(map.every((group) => group >= 1 && group <= 4))
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

test('what fits nowhere is refused with how much there is', async () => {
  await addNode('n1', [sized(10 * GiB)])
  const usage = { provisionedBytes: 9.5 * GiB, volumes: 1 }
  await rig.store.transact({ compare: [], success: [putUsage('n1', usage)] })
  const place = await findPlace(rig.control, request)
  if (place.kind !== 'none') return assert.unreachable(place.kind)
  assert.is(place.code, 'NO_CAPACITY')
  assert.is(place.pointer, '/sizeBytes')
  assert.match(place.reason, `has ${0.5 * GiB} bytes free`)
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
