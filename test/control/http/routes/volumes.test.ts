/** Volumes over the REST API, with gateways that obey. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { AttachmentBody } from '../../../../control/http/schemas/attachment.ts'
import type { VolumeBody, VolumeListBody } from '../../../../control/http/schemas/volume.ts'
import { createRig, eventually, GiB, hostNqn, MiB, type Rig } from '../../support/rig.ts'

let rig: Rig

test.before(async () => {
  rig = await createRig()
  for (let i = 0; i < 3; i++) await rig.gateway()
  await eventually(
    () => rig.send<{ items: { capacityBytes: number }[] }>('GET', '/v1/nodes'),
    ({ body }) => body.items.length === 3 && body.items.every((node) => node.capacityBytes > 0),
  )
})
test.after(() => rig.close())

const create = (name: string, sizeBytes = GiB, labels?: Record<string, string>) =>
  rig.send<VolumeBody>('POST', '/v1/volumes', { name, sizeBytes, ...(labels && { labels }) })
const get = (name: string) => rig.send<VolumeBody>('GET', `/v1/volumes/${name}`)
const gone = (name: string) =>
  eventually(
    () => get(name),
    ({ status }) => status === 404,
  )

test('a volume is created, available at once, and found by id and name', async () => {
  const { status, body, headers } = await create('first', GiB, { team: 'billing' })
  assert.is(status, 201)
  assert.is(headers['location'], `/v1/volumes/${body.id}`)
  assert.is(body.state, 'available')
  assert.equal(body.labels, { team: 'billing' })
  assert.match(body.subsystemNqn, /^nqn\.2026-01\.io\.ashlar:vol-[0-9a-f]{16}$/)
  assert.equal((await get('first')).body, body)
  assert.equal((await get(body.id)).body, body)
})

test('a volume is attached, grown while attached, detached and deleted', async () => {
  const { body: volume } = await create('life')
  const made = await rig.send<AttachmentBody>('POST', '/v1/attachments', {
    volume: 'life',
    hostNqn,
  })
  assert.is(made.status, 201)
  assert.is(made.body.state, 'attaching')
  assert.is(
    made.body.connectCommand,
    `nvme connect -t tcp -a 192.0.2.1 -s 4420 -n ${volume.subsystemNqn} -q ${hostNqn} ` +
      '--ctrl-loss-tmo=-1 --reconnect-delay=2',
  )
  const address = `/v1/attachments/${made.body.id}`
  await eventually(
    () => rig.send<AttachmentBody>('GET', address),
    ({ body }) => body.state === 'attached' && body.reason === undefined,
  )
  assert.is((await get('life')).body.state, 'in-use')
  assert.is((await get('life')).body.attachmentId, made.body.id)

  const grown = await rig.send<VolumeBody>('PATCH', '/v1/volumes/life', { sizeBytes: 2 * GiB })
  assert.is(grown.status, 200)
  assert.is(grown.body.sizeBytes, 2 * GiB)
  await eventually(
    () => get('life'),
    ({ body }) => body.reason === undefined,
  )

  assert.is((await rig.refused('DELETE', '/v1/volumes/life')).code, 'VOLUME_IN_USE')
  const detached = await rig.send<AttachmentBody>('DELETE', address)
  assert.is(detached.status, 202)
  assert.is(detached.body.state, 'detaching')
  await eventually(
    () => rig.send('GET', address),
    ({ status }) => status === 404,
  )
  assert.is((await get('life')).body.state, 'available')

  const deleted = await rig.send<VolumeBody>('DELETE', '/v1/volumes/life')
  assert.is(deleted.status, 202)
  assert.is(deleted.body.state, 'deleting')
  await gone('life')
  const { items } = await rig.store.range({ prefix: 'volume-map/' })
  assert.not(items.some(({ key }) => key.endsWith(volume.id)))
})

test('listing goes by pages and filters', async () => {
  for (let i = 0; i < 5; i++) await create(`page-${i}`, MiB, { group: i < 3 ? 'a' : 'b' })
  const names: string[] = []
  let cursor = ''
  do {
    const url = `/v1/volumes?limit=2${cursor && `&cursor=${cursor}`}`
    const { body } = await rig.send<VolumeListBody>('GET', url)
    assert.ok(body.items.length <= 2)
    names.push(...body.items.map(({ name }) => name))
    cursor = body.nextCursor ?? ''
  } while (cursor !== '')
  assert.equal(names, ['first', 'page-0', 'page-1', 'page-2', 'page-3', 'page-4'])

  const list = async (query: string) =>
    (await rig.send<VolumeListBody>('GET', `/v1/volumes?${query}`)).body
  assert.is((await list('label=group=a')).items.length, 3)
  assert.is((await list('label=group')).items.length, 5)
  assert.is((await list('label=group=a&label=team')).items.length, 0)
  assert.equal(
    (await list('name=page-4')).items.map(({ name }) => name),
    ['page-4'],
  )
  assert.is((await list('name=page-4&state=in-use')).items.length, 0)
  const exact = await list('label=group=b&limit=2')
  assert.is(exact.items.length, 2)
  assert.is(exact.nextCursor, undefined)
})

test('a rename frees the old name, and labels are merged', async () => {
  await create('old-name', MiB, { keep: '1', drop: '2' })
  const { body } = await rig.send<VolumeBody>('PATCH', '/v1/volumes/old-name', {
    name: 'new-name',
    labels: { drop: null, add: '3' },
  })
  assert.is(body.name, 'new-name')
  assert.equal(body.labels, { keep: '1', add: '3' })
  assert.is((await get('old-name')).status, 404)
  assert.is((await create('old-name', MiB)).status, 201)
})

test('what may not be is refused with a sentence, and nothing changes', async () => {
  await create('still', 2 * MiB)
  const before = (await get('still')).body
  const revision = (await rig.store.get('x')).revision
  const patch = (body: unknown) => rig.refused('PATCH', '/v1/volumes/still', body)
  const cases = [
    [await patch({ sizeBytes: MiB }), 'VOLUME_SHRINK', '/sizeBytes'],
    [await patch({ sizeBytes: 2 ** 45 }), 'INVALID_FIELD', '/sizeBytes'],
    [await patch({ sizeBytes: 2 ** 40 }), 'NO_CAPACITY', '/sizeBytes'],
    [await patch({ sizeBytes: 2 * MiB + 1 }), 'INVALID_FIELD', '/sizeBytes'],
    [await patch({ sizeBytes: String(4 * MiB) }), 'INVALID_FIELD', '/sizeBytes'],
    [await patch({ name: 'first' }), 'NAME_TAKEN', '/name'],
    [await patch({ name: 'Not A Name' }), 'INVALID_FIELD', '/name'],
    [await patch({ name: 'vol-0000000000000001' }), 'INVALID_FIELD', '/name'],
    [await patch({ size: 1 }), 'UNKNOWN_FIELD', '/size'],
    [await patch({ labels: { 'a b': 'c' } }), 'INVALID_FIELD', '/labels/a b'],
    [await patch({ labels: { a: 1 } }), 'INVALID_FIELD', '/labels/a'],
    [await patch({}), 'INVALID_REQUEST', undefined],
    [await rig.refused('PATCH', '/v1/volumes/none', { name: 'x' }), 'VOLUME_NOT_FOUND', undefined],
    [await rig.refused('DELETE', '/v1/volumes/none'), 'VOLUME_NOT_FOUND', undefined],
    [
      await rig.refused('POST', '/v1/volumes', { name: 'big', sizeBytes: 2 ** 40 }),
      'NO_CAPACITY',
      '/sizeBytes',
    ],
    [await rig.refused('POST', '/v1/volumes', { name: 'a' }), 'INVALID_FIELD', '/sizeBytes'],
    [
      await rig.refused('POST', '/v1/volumes', { name: 'first', sizeBytes: MiB }),
      'NAME_TAKEN',
      '/name',
    ],
  ] as const
  for (const [problem, code, pointer] of cases) {
    assert.is(problem.code, code, problem.detail)
    assert.is(problem.pointer, pointer, problem.detail)
    assert.match(problem.detail, /^.{8,}\.$/)
    assert.ok(problem.status >= 400 && problem.status < 500)
  }
  assert.equal((await get('still')).body, before)
  assert.is((await rig.store.get('x')).revision, revision)
})

test('deleting twice answers the same, and what is being deleted cannot be changed', async () => {
  const gateway = await rig.gateway({
    name: 'mute',
    obedient: false,
    capacityBytes: 900 * GiB,
    // Nothing moves to a node that no other can reach.
    hello: { peer: null },
  })
  gateway.sendHeartbeat()
  await eventually(
    () => rig.send<{ capacityBytes: number }>('GET', '/v1/nodes/mute'),
    ({ body }) => body.capacityBytes > 0,
  )
  const { body } = await create('slow', 500 * GiB)
  assert.is(body.node, 'mute')
  assert.is((await rig.send('DELETE', '/v1/volumes/slow')).status, 202)
  const again = await rig.send<VolumeBody>('DELETE', '/v1/volumes/slow')
  assert.is(again.body.state, 'deleting')
  assert.match(again.body.reason ?? '', /mute/)
  assert.is((await rig.refused('PATCH', '/v1/volumes/slow', { name: 'x' })).code, 'VOLUME_DELETING')
  const attach = { volume: 'slow', hostNqn }
  assert.is((await rig.refused('POST', '/v1/attachments', attach)).code, 'VOLUME_DELETING')
  const used = await rig.send<{ provisionedBytes: number }>('GET', '/v1/nodes/mute')
  assert.is(used.body.provisionedBytes, 500 * GiB)
  const { number } = (rig.mirror.volumes.get(body.id) as { value: { number: number } }).value
  const deleted = { fence: 0, blockCount: 0, reason: '', hostConnections: 0 } as const
  gateway.observe(1, [{ volumeId: number, state: 'DELETED', ...deleted }])
  await gone('slow')
  const freed = await rig.send<{ provisionedBytes: number }>('GET', '/v1/nodes/mute')
  assert.is(freed.body.provisionedBytes, 0)
})

test('many creates at once all succeed, on all nodes, and their names are told apart', async () => {
  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, i) => create(`many-${i % 30}`, MiB)),
  )
  const made = answers.filter(({ status }) => status === 201)
  assert.is(made.length, 30)
  assert.is(answers.filter(({ status }) => status === 409).length, 30)
  assert.is(new Set(made.map(({ body }) => body.id)).size, 30)
  assert.is(new Set(made.map(({ body }) => body.node)).size > 1, true)
})

test.run()
