/** Attachments over the REST API. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type {
  AttachmentBody,
  AttachmentListBody,
} from '../../../../control/http/schemas/attachment.ts'
import { createRig, eventually, hostNqn, MiB, type Rig } from '../../support/rig.ts'

let rig: Rig

test.before(async () => {
  rig = await createRig()
  await rig.gateway()
  await eventually(
    () => rig.send<{ capacityBytes: number }>('GET', '/v1/nodes/n1'),
    ({ body }) => body.capacityBytes > 0,
  )
  for (const name of ['a', 'b', 'c'])
    await rig.send('POST', '/v1/volumes', { name, sizeBytes: MiB })
})
test.after(() => rig.close())

const attach = (volume: string, host = hostNqn) =>
  rig.send<AttachmentBody>('POST', '/v1/attachments', { volume, hostNqn: host })
const list = async (query: string) =>
  (await rig.send<AttachmentListBody>('GET', `/v1/attachments?${query}`)).body

test('an attachment says where the host connects', async () => {
  const { status, body, headers } = await attach('a')
  assert.is(status, 201)
  assert.is(headers['location'], `/v1/attachments/${body.id}`)
  assert.is(body.volumeName, 'a')
  assert.is(body.node, 'n1')
  assert.equal(body.addresses, [{ transport: 'tcp', address: '192.0.2.1', port: 4420 }])
  assert.equal(body.discoveryAddresses, [{ transport: 'tcp', address: '192.0.2.1', port: 8009 }])
  assert.is(body.subsystemNqn, `nqn.2026-01.io.ashlar:${body.volumeId}`)
})

test('a volume has one attachment, whoever asks', async () => {
  await attach('b')
  for (const host of [hostNqn, 'nqn.2026-01.org.example:other']) {
    const problem = await rig.refused('POST', '/v1/attachments', { volume: 'b', hostNqn: host })
    assert.is(problem.code, 'VOLUME_IN_USE')
    assert.is(problem.pointer, '/volume')
    assert.match(problem.detail, hostNqn)
  }
  const raced = await Promise.all(Array.from({ length: 5 }, () => attach('c')))
  assert.equal(raced.map(({ status }) => status).sort(), [201, 409, 409, 409, 409])
})

test('attachments are listed by pages, by volume, host and state', async () => {
  const first = await list('limit=2')
  assert.is(first.items.length, 2)
  const second = await list(`limit=2&cursor=${first.nextCursor}`)
  assert.is(second.items.length, 1)
  assert.is(second.nextCursor, undefined)
  assert.equal(
    (await list('volume=b')).items.map(({ volumeName }) => volumeName),
    ['b'],
  )
  assert.is((await list(`hostNqn=${encodeURIComponent(hostNqn)}`)).items.length, 3)
  assert.is((await list('hostNqn=nqn.none')).items.length, 0)
  await eventually(
    () => list('state=attached'),
    ({ items }) => items.length === 3,
  )
})

test('a host has to have an NQN', async () => {
  const bad = [
    'host',
    'nqn.2014-08.org.nvmexpress:uuid:not-a-uuid',
    'nqn.2014-08.org.nvmexpress.discovery',
    'nqn.2026-13.org.example:x',
    `nqn.2026-01.org.example:${'x'.repeat(210)}`,
    'nqn.2026-01.org.example:with space',
    '',
  ]
  for (const host of bad) {
    const problem = await rig.refused('POST', '/v1/attachments', { volume: 'a', hostNqn: host })
    assert.is(problem.code, 'INVALID_FIELD', host)
    assert.is(problem.pointer, '/hostNqn')
  }
})

test('what is not there is not found', async () => {
  const attachNone = await rig.refused('POST', '/v1/attachments', { volume: 'none', hostNqn })
  assert.equal([attachNone.code, attachNone.pointer], ['VOLUME_NOT_FOUND', '/volume'])
  for (const id of ['att-00000000000000ff', 'att-1', 'x%00y', '..%2f..'])
    for (const method of ['GET', 'DELETE'])
      assert.is((await rig.refused(method, `/v1/attachments/${id}`)).code, 'ATTACHMENT_NOT_FOUND')
  assert.is((await rig.refused('GET', '/v1/attachments?volume=none')).code, 'VOLUME_NOT_FOUND')
})

test('a host may have any name its NQN allows: the command is safe to paste', async () => {
  await rig.send('POST', '/v1/volumes', { name: 'd', sizeBytes: MiB })
  const evil = "nqn.2026-01.org.example:';$(reboot)&`x`"
  const { body } = await attach('d', evil)
  assert.match(body.connectCommand, `-q 'nqn.2026-01.org.example:'\\'';$(reboot)&\`x\`'`)
})

test.run()
