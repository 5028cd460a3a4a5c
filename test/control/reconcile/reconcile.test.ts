/** Reconcile with a store, a mirror and gateways: what time and failures do to volumes. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { AttachmentBody } from '../../../control/http/schemas/attachment.ts'
import type { NodeBody } from '../../../control/http/schemas/node.ts'
import type { VolumeBody } from '../../../control/http/schemas/volume.ts'
import { createRig, eventually, GiB, hostNqn, limits, type Rig } from '../support/rig.ts'

let rig: Rig
let nowMs = 0

test.before.each(async () => {
  rig = await createRig({}, () => nowMs)
})
test.after.each(() => rig.close())

const node = async (name: string) => (await rig.send<NodeBody>('GET', `/v1/nodes/${name}`)).body
const volume = async (name: string) =>
  (await rig.send<VolumeBody>('GET', `/v1/volumes/${name}`)).body
const ready = (name: string) =>
  eventually(
    () => node(name),
    ({ capacityBytes }) => capacityBytes > 0,
  )
const create = (name: string, sizeBytes = GiB) =>
  rig.send<VolumeBody>('POST', '/v1/volumes', { name, sizeBytes })

test('volumes of a node that is gone are in error, and heal when it is back', async () => {
  const gateway = await rig.gateway()
  await ready('n1')
  await create('free')
  await create('held')
  const { body } = await rig.send<AttachmentBody>('POST', '/v1/attachments', {
    volume: 'held',
    hostNqn,
  })
  const attachment = async () =>
    (await rig.send<AttachmentBody>('GET', `/v1/attachments/${body.id}`)).body
  await eventually(attachment, ({ state }) => state === 'attached')
  gateway.close()
  await eventually(
    () => node('n1'),
    ({ health }) => health === 'silent',
  )
  assert.is((await volume('free')).state, 'available')
  nowMs += limits.goneAfterMs
  await eventually(
    () => volume('free'),
    ({ state }) => state === 'error',
  )
  const held = await eventually(
    () => volume('held'),
    ({ state }) => state === 'error',
  )
  assert.match(held.reason ?? '', /Node n1 is gone/)
  assert.is(held.attachmentId, body.id)
  await eventually(attachment, ({ state }) => state === 'error')
  assert.is((await rig.refused('DELETE', '/v1/volumes/held')).code, 'VOLUME_IN_USE')
  const attach = { volume: 'free', hostNqn }
  assert.is((await rig.refused('POST', '/v1/attachments', attach)).code, 'VOLUME_NOT_READY')

  await rig.gateway({ name: 'n1', hello: { storeIds: ['store-of-n1'] } })
  await eventually(
    () => volume('free'),
    ({ state }) => state === 'available',
  )
  await eventually(
    () => volume('held'),
    ({ state }) => state === 'in-use',
  )
  await eventually(attachment, ({ state }) => state === 'attached')
})

test('a volume that no living node has room for is made when one comes back', async () => {
  assert.is(
    (await rig.refused('POST', '/v1/volumes', { name: 'a', sizeBytes: GiB })).code,
    'NO_NODES',
  )
  const gateway = await rig.gateway()
  await ready('n1')
  gateway.close()
  await eventually(
    () => node('n1'),
    ({ health }) => health !== 'alive',
  )
  const { status, body } = await create('a')
  assert.is(status, 201)
  assert.is(body.state, 'creating')
  assert.match(body.reason ?? '', /Waits for node n1,/)
  const attach = { volume: 'a', hostNqn }
  assert.is((await rig.refused('POST', '/v1/attachments', attach)).code, 'VOLUME_NOT_READY')
  await create('b')
  await rig.send('DELETE', '/v1/volumes/b')
  await eventually(
    () => rig.send('GET', '/v1/volumes/b'),
    ({ status: code }) => code === 404,
  )

  await rig.gateway({ name: 'n1', hello: { storeIds: ['store-of-n1'] } })
  const placed = await eventually(
    () => volume('a'),
    ({ state }) => state === 'available',
  )
  assert.is(placed.node, 'n1')
  assert.is((await node('n1')).provisionedBytes, GiB)
})

test('a failed device shows on its node and its volumes, and takes no more of them', async () => {
  const gateway = await rig.gateway({ obedient: false })
  gateway.sendHeartbeat()
  gateway.observe(0, [])
  await ready('n1')
  await create('a')
  const beat = setInterval(
    () => gateway.sendHeartbeat(gateway.devices().map((device) => ({ ...device, failed: true }))),
    50,
  )
  const failed = await eventually(
    () => volume('a'),
    ({ state }) => state === 'error',
  )
  assert.match(failed.reason ?? '', /Device n1\.disk of node n1 has failed/)
  const { capacityBytes, freeBytes, reason } = await node('n1')
  assert.equal([capacityBytes, freeBytes], [0, 0])
  assert.match(reason ?? '', /failed/)
  const another = await rig.refused('POST', '/v1/volumes', { name: 'b', sizeBytes: GiB })
  assert.is(another.code, 'NO_CAPACITY')
  clearInterval(beat)
})

test.run()
