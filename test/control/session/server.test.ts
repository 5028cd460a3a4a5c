/** Sessions over real gRPC: who is taken in, who is refused, and what each is told. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { AttachmentBody } from '../../../control/http/schemas/attachment.ts'
import type { NodeBody } from '../../../control/http/schemas/node.ts'
import type { VolumeBody } from '../../../control/http/schemas/volume.ts'
import { FakeGateway, type FakeGatewayOptions } from '../support/fake-gateway.ts'
import { createRig, eventually, GiB, hostNqn, MiB, type Rig } from '../support/rig.ts'

let rig: Rig

test.before.each(async () => {
  rig = await createRig()
})
test.after.each(() => rig.close())

const node = async (name: string) => (await rig.send<NodeBody>('GET', `/v1/nodes/${name}`)).body
const ready = (name: string) =>
  eventually(
    () => node(name),
    ({ capacityBytes }) => capacityBytes > 0,
  )
const create = async (name: string) =>
  (await rig.send<VolumeBody>('POST', '/v1/volumes', { name, sizeBytes: GiB })).body
const attach = async (volume: string) =>
  (await rig.send<AttachmentBody>('POST', '/v1/attachments', { volume, hostNqn })).body
const attachment = async (id: string) =>
  (await rig.send<AttachmentBody>('GET', `/v1/attachments/${id}`)).body

/** The code that a gateway with these options is refused with. */
async function refusal(options: Partial<FakeGatewayOptions>): Promise<string> {
  const gateway = new FakeGateway(`127.0.0.1:${rig.sessionPort}`, {
    name: 'n9',
    rack: 'r9',
    capacityBytes: GiB,
    extentBytes: 64 * MiB,
    ...options,
  })
  const code = await gateway.opened.then(
    () => 'none',
    (error: Error) => error.message,
  )
  if (code !== 'none') await gateway.untilEnded()
  gateway.close()
  return code
}

test('a gateway is given what is its own for good', async () => {
  const first = await rig.gateway()
  const second = await rig.gateway()
  const [one, two] = [await first.opened, await second.opened]
  assert.is(one.contractVersion, 1)
  assert.is(one.heartbeatIntervalMs, 100)
  assert.is(one.cellId, rig.control.cell.id)
  assert.is(one.controllerIdLast - one.controllerIdFirst, 255)
  assert.ok(two.controllerIdFirst > one.controllerIdLast)
  first.close()
  await eventually(
    () => node('n1'),
    ({ health }) => health === 'silent',
  )
  const hello = { storeIds: ['store-of-n1'] }
  const again = await rig.gateway({ name: 'n1', rack: 'r1', incarnation: 'another', hello })
  assert.equal(await again.opened, one)
  assert.is((await node('n1')).incarnation, 'another')
})

test('what a gateway says of itself is refused when it makes no sense', async () => {
  const hello = (change: FakeGatewayOptions['hello']) => refusal(change ? { hello: change } : {})
  assert.is(await hello({ contractVersion: 2 }), 'CONTRACT_VERSION')
  assert.is(await refusal({ name: 'Not A Name' }), 'INVALID_HELLO')
  assert.is(await refusal({ rack: '' }), 'INVALID_HELLO')
  assert.is(await hello({ incarnation: '' }), 'INVALID_HELLO')
  assert.is(await hello({ io: null }), 'INVALID_HELLO')
  assert.is(await hello({ discovery: { address: '192.0.2.1', port: 70_000 } }), 'INVALID_HELLO')
  assert.is(await hello({ zone: 'z'.repeat(300) }), 'INVALID_HELLO')
  assert.is(await hello({ storeIds: ['../..'] }), 'INVALID_HELLO')
  assert.is(await refusal({ extentBytes: GiB }), 'EXTENT_SIZE')
  assert.is(await hello({ cellId: 'another-cell' }), 'FOREIGN_CELL')
  assert.is((await rig.send('GET', '/v1/nodes/n9')).status, 404)
})

test('a stream that does not follow the contract is ended', async () => {
  const gateway = await rig.gateway()
  gateway.sayHello()
  await gateway.untilEnded()
  assert.is(gateway.refused?.code, 'PROTOCOL')
  const other = await rig.gateway({ name: 'n2', obedient: false })
  other.sendHeartbeat([{ ...(other.devices()[0] as object), storeId: 'a/b' } as never])
  await other.untilEnded()
  assert.is(other.refused?.code, 'INVALID_HELLO')
})

test('a gateway that comes anew replaces its older stream, but not a living namesake', async () => {
  const older = await rig.gateway({ name: 'n1', incarnation: 'one' })
  assert.is(await refusal({ name: 'n1', incarnation: 'two' }), 'NODE_NAME_IN_USE')
  assert.is((await node('n1')).incarnation, 'one')
  const newer = await rig.gateway({ name: 'n1', incarnation: 'one' })
  await older.untilEnded()
  assert.is(older.refused?.code, 'REPLACED')
  assert.is((await node('n1')).health, 'alive')
  newer.close()
})

test('a store stays with its node', async () => {
  await rig.gateway({ name: 'n1' })
  await ready('n1')
  assert.is(await refusal({ name: 'n2', hello: { storeIds: ['store-of-n1'] } }), 'FOREIGN_STORE')
  const thief = await rig.gateway({ name: 'n3', obedient: false })
  thief.sendHeartbeat([{ ...(thief.devices()[0] as object), storeId: 'store-of-n1' } as never])
  await thief.untilEnded()
  assert.is(thief.refused?.code, 'FOREIGN_STORE')
})

test('a node with volumes is refused without its store: they would read as zeroes', async () => {
  const gateway = await rig.gateway({ name: 'n1' })
  await ready('n1')
  await create('a')
  gateway.close()
  await eventually(
    () => node('n1'),
    ({ health }) => health === 'silent',
  )
  assert.is(await refusal({ name: 'n1' }), 'STORE_MISSING')
  const whole = await rig.gateway({ name: 'n1', hello: { storeIds: ['store-of-n1'] } })
  await whole.opened
})

test('a node that held nothing and lost its disk is another one to its peers', async () => {
  const gateway = await rig.gateway({ name: 'n1' })
  await ready('n1')
  gateway.close()
  await eventually(
    () => node('n1'),
    ({ health }) => health === 'silent',
  )
  const hello = { storeIds: ['store-that-is-new'] }
  const wiped = await rig.gateway({ name: 'n1', obedient: false, hello })
  assert.is((await wiped.opened).nodeNumber, gateway.number + 1)
  wiped.close()
  await eventually(
    () => node('n1'),
    ({ health }) => health === 'silent',
  )
  const again = await rig.gateway({ name: 'n1', obedient: false, hello })
  assert.is((await again.opened).nodeNumber, gateway.number + 1)
})

test('a gateway is told its whole desired state, and only when it changed', async () => {
  const gateway = await rig.gateway()
  await ready('n1')
  await eventually(
    () => gateway.desired.length,
    (count) => count > 0,
  )
  assert.equal(gateway.desired[0]?.volumes, [])
  const volume = await create('a')
  const { id } = await attach('a')
  await eventually(
    () => attachment(id),
    ({ state }) => state === 'attached',
  )
  await eventually(
    () => gateway.desired.at(-1)?.discovery.length,
    (count) => count === 1,
  )

  const desired = gateway.desired.at(-1)
  const [served] = desired?.volumes ?? []
  assert.is(served?.volumeId, 1)
  assert.is(Buffer.from(served?.uuid ?? []).toString('hex'), volume.uuid.replaceAll('-', ''))
  assert.is(served?.serial, volume.id)
  assert.is(served?.blockCount, GiB / 4096)
  assert.is(served?.extentMap.length, (GiB / (64 * MiB)) * 4)
  assert.is(served?.fence, 1)
  assert.equal(served?.allowedHosts, [hostNqn])
  const { subsystemNqn } = volume
  assert.equal(desired?.discovery, [{ hostNqn, subsystemNqn, address: '192.0.2.1', port: 4420 }])

  const told = gateway.desired.length
  await rig.send('PATCH', '/v1/volumes/a', { labels: { no: 'change' } })
  await create('other')
  await rig.send('PATCH', '/v1/volumes/a', { sizeBytes: 2 * GiB })
  await eventually(
    () => gateway.desired.length,
    (count) => count > told,
  )
  assert.is(gateway.desired.length, told + 1)
  assert.is(gateway.desired.at(-1)?.volumes[0]?.blockCount, (2 * GiB) / 4096)
})

test('every gateway has the discovery log of the whole cell', async () => {
  const [one, two] = [await rig.gateway(), await rig.gateway()]
  await Promise.all([ready('n1'), ready('n2')])
  await create('a')
  const { id } = await attach('a')
  for (const gateway of [one, two])
    await eventually(
      () => gateway.desired.at(-1)?.discovery.length,
      (count) => count === 1,
    )
  await rig.send('DELETE', `/v1/attachments/${id}`)
  for (const gateway of [one, two])
    await eventually(
      () => gateway.desired.at(-1)?.discovery.length,
      (count) => count === 0,
    )
})

test('an attachment shows why its gateway cannot serve it, and heals', async () => {
  const gateway = await rig.gateway({ obedient: false })
  gateway.sendHeartbeat()
  await ready('n1')
  await create('a')
  const { id } = await attach('a')
  const waits = await attachment(id)
  assert.match(waits.reason ?? '', /n1/)
  const desired = await eventually(
    () => gateway.desired.at(-1),
    (last) => last?.volumes.length === 1,
  )
  const [served] = gateway.obey(desired as never)
  gateway.observe(desired?.revision ?? 0, [
    { ...(served as never as object), state: 'FAILED', reason: 'The store is full.' } as never,
  ])
  const failed = await eventually(
    () => attachment(id),
    ({ state }) => state === 'error',
  )
  assert.match(failed.reason ?? '', /The store is full\./)
  gateway.observe(desired?.revision ?? 0, [served as never])
  const healed = await eventually(
    () => attachment(id),
    ({ state }) => state === 'attached',
  )
  assert.is(healed.reason, undefined)
})

test('an attachment is gone only when its gateway has taken that in', async () => {
  const gateway = await rig.gateway({ obedient: false })
  gateway.sendHeartbeat()
  await ready('n1')
  await create('a')
  const { id } = await attach('a')
  const first = await eventually(
    () => gateway.desired.at(-1),
    (last) => last?.volumes.length === 1,
  )
  gateway.observe(first?.revision ?? 0, gateway.obey(first as never))
  await eventually(
    () => attachment(id),
    ({ state }) => state === 'attached',
  )
  await rig.send('DELETE', `/v1/attachments/${id}`)
  // A report that was on its way: it knows nothing of the change yet.
  gateway.observe(first?.revision ?? 0, [])
  assert.is((await rig.refused('DELETE', '/v1/volumes/a')).code, 'ATTACHMENT_DETACHING')
  const last = await eventually(
    () => gateway.desired.at(-1),
    (told) => told?.volumes.length === 0,
  )
  assert.is((await attachment(id)).state, 'detaching')
  gateway.observe(last?.revision ?? 0, gateway.obey(last as never))
  await eventually(
    () => rig.send('GET', `/v1/attachments/${id}`),
    ({ status }) => status === 404,
  )
})

test('an attachment that never reached its gateway can be taken back', async () => {
  const gateway = await rig.gateway()
  await ready('n1')
  await create('a')
  gateway.close()
  await eventually(
    () => node('n1'),
    ({ health }) => health === 'silent',
  )
  const { id } = await attach('a')
  await rig.send('DELETE', `/v1/attachments/${id}`)
  await rig.gateway({ name: 'n1', hello: { storeIds: ['store-of-n1'] } })
  await eventually(
    () => rig.send('GET', `/v1/attachments/${id}`),
    ({ status }) => status === 404,
  )
})

test('control ids run out with a sentence', async () => {
  await rig.close()
  rig = await createRig({ controllerIdsPerNode: 0xffef })
  await rig.gateway()
  assert.is(await refusal({ name: 'n2' }), 'CONTROLLER_IDS_EXHAUSTED')
})

test.run()
