/** Pools of placement groups in a cell with gateways: volumes with copies, and nodes that come. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { NodeBody } from '../../../control/http/schemas/node.ts'
import type { VolumeBody } from '../../../control/http/schemas/volume.ts'
import { readUsage } from '../../../control/model/group-usage.ts'
import { putRecord, readRecord } from '../../../control/model/record.ts'
import { volumeKind } from '../../../control/model/volume.ts'
import { growPools } from '../../../control/pools/grow-pools.ts'
import type { FakeGatewayOptions } from '../support/fake-gateway.ts'
import { createRig, eventually, GiB, hostNqn, type Rig } from '../support/rig.ts'

let rig: Rig

test.before.each(async () => {
  rig = await createRig({ copies: 3 })
})
test.after.each(() => rig.close())

async function addGateway(options: Partial<FakeGatewayOptions> = {}) {
  const peer = { address: '192.0.2.1', port: 7482 }
  const gateway = await rig.gateway({ hello: { peer }, ...options })
  await eventually(
    () => rig.send<NodeBody>('GET', `/v1/nodes/${gateway.options.name}`),
    ({ body }) => body.capacityBytes > 0,
  )
  return gateway
}

const create = (name: string, change: object = {}) =>
  rig.send<VolumeBody>('POST', '/v1/volumes', { name, sizeBytes: GiB, ...change })
const groups = () => [...rig.mirror.placementGroups.values()].map(({ value }) => value)
const freeOf = async (name: string) =>
  (await rig.send<NodeBody>('GET', `/v1/nodes/${name}`)).body.freeBytes

test('a volume has the copies of the cell, and its deletion frees all of them', async () => {
  const gateways = [await addGateway(), await addGateway(), await addGateway()]
  const { body } = await create('db')
  assert.is(body.copies, 3)
  assert.is(body.state, 'available')
  for (const { options } of gateways) assert.is(await freeOf(options.name), 99 * GiB)
  assert.is((await create('one', { copies: 1 })).body.copies, 1)
  assert.is(
    (await rig.refused('POST', '/v1/volumes', { name: 'x', sizeBytes: GiB, copies: 4 })).status,
    400,
  )
  assert.is((await rig.refused('PATCH', '/v1/volumes/db', { copies: 2 })).code, 'UNKNOWN_FIELD')
  await rig.send('DELETE', '/v1/volumes/one')
  await rig.send('DELETE', '/v1/volumes/db')
  await eventually(
    () => rig.send('GET', '/v1/volumes/db'),
    ({ status }) => status === 404,
  )
  for (const gateway of gateways) {
    assert.ok(gateway.desired.some(({ deletedVolumeIds }) => deletedVolumeIds.includes(1)))
    await eventually(
      () => freeOf(gateway.options.name),
      (free) => free === 100 * GiB,
    )
  }
})

test('a deletion waits for a member that is away, and says so', async () => {
  const gateways = [await addGateway(), await addGateway(), await addGateway()]
  await create('db')
  gateways[1]?.close()
  await eventually(
    () => rig.send<NodeBody>('GET', '/v1/nodes/n2'),
    ({ body }) => body.health !== 'alive',
  )
  await rig.send('DELETE', '/v1/volumes/db')
  const waiting = await eventually(
    () => rig.send<VolumeBody>('GET', '/v1/volumes/db'),
    ({ body }) => body.reason?.includes('node n2') ?? false,
  )
  assert.is(waiting.body.state, 'deleting')
  await addGateway({ name: 'n2', rack: 'r2', hello: { storeIds: ['store-of-n2'] } })
  await eventually(
    () => rig.send('GET', '/v1/volumes/db'),
    ({ status }) => status === 404,
  )
})

test('a volume is attached at the primary of most of its groups', async () => {
  for (let count = 0; count < 4; count++) await addGateway()
  const { body } = await create('db')
  const { body: attachment } = await rig.send<{ node: string }>('POST', '/v1/attachments', {
    volume: body.id,
    hostNqn,
  })
  const { placementGroups = [] } = rig.mirror.volumes.get(body.id)?.value ?? {}
  const primaries = groups().filter(({ number }) => placementGroups.includes(number))
  assert.ok(primaries.length > 1)
  assert.ok(primaries.every(({ primary }) => primary === attachment.node))
})

test('a cell of too few racks refuses a volume, and takes it with fewer copies', async () => {
  await addGateway()
  await addGateway({ rack: 'r1' })
  const problem = await rig.refused('POST', '/v1/volumes', { name: 'db', sizeBytes: GiB })
  assert.is(problem.code, 'TOO_FEW_RACKS')
  assert.match(problem.detail, /1 rack has one/)
  assert.is((await create('db', { copies: 1 })).status, 201)
})

test('pools grow when a node comes, those that nobody uses do not', async () => {
  await addGateway()
  await addGateway()
  await create('db', { copies: 2 })
  assert.is(groups().length, 16)
  await addGateway()
  await eventually(groups, ({ length }) => length === 24)
  assert.ok(groups().every(({ copies }) => copies === 2))
  assert.ok(groups().some(({ members }) => members.some(({ node }) => node === 'n3')))
  assert.not(await growPools(rig.control))
})

test('a volume of a release with one copy is entered in what is promised', async () => {
  await addGateway()
  const { body } = await create('old', { copies: 1 })
  const stored = await readRecord(rig.store, volumeKind, body.id)
  if (!stored) return assert.unreachable()
  const { placementGroups, copies: _, ...old } = stored.value
  const before = await readUsage(rig.store, placementGroups)
  await rig.store.transact({
    compare: [],
    success: [putRecord(volumeKind, body.id, old as typeof stored.value)],
  })
  await eventually(
    () => readRecord(rig.store, volumeKind, body.id),
    (now) => now?.value.placementGroups.length === placementGroups.length,
  )
  // It was entered when it was made, and is entered once more.
  const after = await readUsage(rig.store, placementGroups)
  for (const group of placementGroups) {
    const { provisionedBytes } = before.usageOf(group)
    assert.is(after.usageOf(group).provisionedBytes, 2 * provisionedBytes)
  }
})

test.run()
