/** Idempotency keys: over the API, and against the store. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ControlError } from '../../control/errors.ts'
import type { VolumeBody } from '../../control/http/schemas/volume.ts'
import { forgetAnswers } from '../../control/jobs/forget-answers.ts'
import { type Change, createOnce } from '../../control/once.ts'
import { createRig, eventually, hostNqn, MiB, type Rig } from './support/rig.ts'

let rig: Rig

test.before(async () => {
  rig = await createRig()
  await rig.gateway()
  await eventually(
    () => rig.send<{ capacityBytes: number }>('GET', '/v1/nodes/n1'),
    ({ body }) => body.capacityBytes > 0,
  )
})
test.after(() => rig.close())

const create = (key: string, body: object) =>
  rig.send<VolumeBody & { code?: string }>('POST', '/v1/volumes', body, { 'idempotency-key': key })

test('the same request again has the same answer, and makes nothing', async () => {
  const first = await create('key-1', { name: 'a', sizeBytes: MiB })
  await rig.send('PATCH', '/v1/volumes/a', { labels: { since: 'changed' } })
  const again = await create('key-1', { sizeBytes: MiB, name: 'a' })
  assert.is(again.status, 201)
  assert.equal(again.body, first.body)
  assert.is(again.headers['location'], first.headers['location'])
  assert.is(rig.mirror.volumes.size, 1)
})

test('the key of another request is refused', async () => {
  for (const body of [
    { name: 'b', sizeBytes: MiB },
    { name: 'a', sizeBytes: 2 * MiB },
    { name: 'a', sizeBytes: MiB, labels: {} },
  ]) {
    const { status, body: problem } = await create('key-1', body)
    assert.equal([status, problem.code], [422, 'IDEMPOTENCY_KEY_REUSED'])
  }
  const attach = { volume: 'a', hostNqn }
  const { status } = await rig.send('POST', '/v1/attachments', attach, {
    'idempotency-key': 'key-1',
  })
  assert.is(status, 422)
})

test('requests at once with one key make one thing', async () => {
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => create('key-2', { name: 'c', sizeBytes: MiB })),
  )
  assert.is(new Set(answers.map(({ body }) => body.id)).size, 1)
  assert.ok(answers.every(({ status }) => status === 201))
})

test('a request that was refused may be made again with its key', async () => {
  assert.is((await create('key-3', { name: 'a', sizeBytes: MiB })).status, 409)
  await rig.send('PATCH', '/v1/volumes/a', { name: 'moved' })
  assert.is((await create('key-3', { name: 'a', sizeBytes: MiB })).status, 201)
})

test('an attachment’s key answers the same too', async () => {
  const send = () =>
    rig.send<{ id: string }>(
      'POST',
      '/v1/attachments',
      { volume: 'c', hostNqn },
      {
        'idempotency-key': 'key-4',
      },
    )
  const first = await send()
  assert.is(first.status, 201)
  assert.equal((await send()).body, first.body)
})

const operations = (key: string) => [{ kind: 'put', key, value: Buffer.from('1') } as const]
const request = { key: 'direct', operation: 'test', body: { a: 1 } }

test('key and effect are one transaction: neither is there without the other', async () => {
  const { store } = rig
  const stale: Change<string> = {
    compare: [{ key: 'effect', modRevision: 7 }],
    operations: operations('effect'),
    answer: 'never',
  }
  const error = await createOnce({ store }, request, async () => stale).catch((e: unknown) => e)
  assert.instance(error, ControlError)
  assert.is((error as ControlError).code, 'CONFLICT')
  assert.is((await store.get('effect')).entry, undefined)
  const good = { ...stale, compare: [], answer: 'done' }
  assert.is(await createOnce({ store }, request, async () => good), 'done')
  // Had the process been killed before it answered, the next request would get this:
  assert.is(await createOnce({ store }, request, async () => stale), 'done')
  assert.is((await store.get('effect')).entry?.version, 1)
})

test('a key is forgotten after a day, and then removed', async () => {
  const { store } = rig
  const day = 24 * 60 * 60 * 1000
  let made = 0
  const attempt = async () => ({ compare: [], operations: [], answer: ++made })
  const at = (nowMs: number) =>
    createOnce({ store }, { ...request, key: 'dated' }, attempt, () => nowMs)
  assert.is(await at(0), 1)
  assert.is(await at(day - 1), 1)
  assert.is(await at(day), 2)
  const { items } = await store.range({ prefix: 'idempotency/' })
  assert.is(await forgetAnswers(store, day), 0)
  assert.is(await forgetAnswers(store, 2 * day), 1)
  assert.is((await store.range({ prefix: 'idempotency/' })).items.length, items.length - 1)
  const make = (_: unknown, i: number) =>
    createOnce({ store }, { ...request, key: `many-${i}` }, attempt, () => 0)
  await Promise.all(Array.from({ length: 120 }, make))
  assert.is(await forgetAnswers(store, day), 120)
})

test.run()
