/** Nodes and racks over the REST API. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { NodeBody, NodeListBody, RackListBody } from '../../../../control/http/schemas/node.ts'
import { createRig, eventually, GiB, type Rig } from '../../support/rig.ts'

let rig: Rig

test.before(async () => {
  rig = await createRig({ overcommit: 2 })
  await rig.gateway({ rack: 'r1', hello: { zone: 'z1' } })
  await rig.gateway({ rack: 'r1', capacityBytes: 50 * GiB })
  await rig.gateway({ rack: 'r2' })
  await eventually(
    () => rig.send<NodeListBody>('GET', '/v1/nodes'),
    ({ body }) => body.items.every(({ capacityBytes }) => capacityBytes > 0),
  )
})
test.after(() => rig.close())

const list = async (query = '') => (await rig.send<NodeListBody>('GET', `/v1/nodes${query}`)).body

test('a node shows its gateway, its devices and its room', async () => {
  const { body } = await rig.send<NodeBody>('GET', '/v1/nodes/n1')
  assert.is(body.health, 'alive')
  assert.is(body.reason, undefined)
  assert.is(body.zone, 'z1')
  assert.equal(body.address, { transport: 'tcp', address: '192.0.2.1', port: 4420 })
  assert.is(body.devices[0]?.storeId, 'store-of-n1')
  assert.is(body.capacityBytes, 100 * GiB)
  assert.is(body.freeBytes, 200 * GiB)
  assert.is(body.placementGroups, 0)
})

test('nodes are listed by name, in pages, by rack and health', async () => {
  assert.equal(
    (await list()).items.map(({ name }) => name),
    ['n1', 'n2', 'n3'],
  )
  const { items, nextCursor } = await list('?limit=2')
  assert.is(items.length, 2)
  assert.equal(
    (await list(`?limit=2&cursor=${nextCursor}`)).items.map(({ name }) => name),
    ['n3'],
  )
  assert.equal(
    (await list('?rack=r1')).items.map(({ name }) => name),
    ['n1', 'n2'],
  )
  assert.is((await list('?health=gone')).items.length, 0)
  assert.is((await list('?health=alive')).items.length, 3)
})

test('a rack has the sums of its nodes', async () => {
  const { body } = await rig.send<RackListBody>('GET', '/v1/racks')
  assert.equal(
    body.items.map(({ name, nodes, aliveNodes, capacityBytes, freeBytes }) => [
      name,
      nodes,
      aliveNodes,
      capacityBytes,
      freeBytes,
    ]),
    [
      ['r1', 2, 2, 150 * GiB, 300 * GiB],
      ['r2', 1, 1, 100 * GiB, 200 * GiB],
    ],
  )
})

test('what is provisioned counts at once, and growing and overcommit are held to', async () => {
  const { body } = await rig.send<{ node: string }>('POST', '/v1/volumes', {
    name: 'big',
    sizeBytes: 150 * GiB,
  })
  const home = async () => (await rig.send<NodeBody>('GET', `/v1/nodes/${body.node}`)).body
  assert.is((await home()).provisionedBytes, 150 * GiB)
  assert.is((await home()).freeBytes, 50 * GiB)
  const grow = { sizeBytes: 501 * GiB }
  assert.is((await rig.refused('PATCH', '/v1/volumes/big', grow)).code, 'NO_CAPACITY')
  await rig.send('PATCH', '/v1/volumes/big', { sizeBytes: 200 * GiB })
  assert.is((await home()).freeBytes, 0)
  assert.ok((await home()).placementGroups > 0)
})

test('what is not a node is not found', async () => {
  for (const name of ['none', 'N1', '%00', 'x'.repeat(200)])
    assert.is((await rig.refused('GET', `/v1/nodes/${name}`)).code, 'NODE_NOT_FOUND')
})

test.run()
