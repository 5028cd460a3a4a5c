/** Scrubs over the REST API, with gateways that say how far they are. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { ScrubMessage } from '../../../../control/contract/messages.ts'
import type { NodeBody } from '../../../../control/http/schemas/node.ts'
import type { ScrubBody, ScrubListBody } from '../../../../control/http/schemas/scrub.ts'
import type { FakeGateway } from '../../support/fake-gateway.ts'
import { noPass } from '../../support/no-pass.ts'
import { createRig, eventually, MiB, type Rig } from '../../support/rig.ts'

let rig: Rig
let first: FakeGateway
let second: FakeGateway

test.before.each(async () => {
  rig = await createRig()
  first = await rig.gateway()
  second = await rig.gateway()
  first.scrub = noPass
  second.scrub = noPass
  await until(
    '',
    ({ items }) => items.length === 2 && items.every(({ state }) => state === 'never'),
  )
})
test.after.each(() => rig.close())

const running: ScrubMessage = {
  ...noPass,
  state: 'RUNNING',
  request: 1,
  bytesPerSecond: 5000,
  startedAtMs: Date.UTC(2026, 0, 2),
  blocksRead: 256,
  blocksTotal: 1024,
  blocksDamaged: 2,
}

const list = async (query = '') => (await rig.send<ScrubListBody>('GET', `/v1/scrubs${query}`)).body
const until = (query: string, isDone: (body: ScrubListBody) => boolean) =>
  eventually(() => list(query), isDone)
const isState = (state: ScrubBody['state']) => (body: ScrubListBody) =>
  body.items[0]?.state === state

test('a request reaches every gateway, once, and each device waits for it', async () => {
  const { status, body } = await rig.send<ScrubListBody>('POST', '/v1/scrubs', {})
  assert.is(status, 202)
  assert.equal(
    body.items.map(({ node, state, request }) => [node, state, request]),
    [
      ['n1', 'waiting', 1],
      ['n2', 'waiting', 1],
    ],
  )
  for (const gateway of [first, second]) {
    const told = await eventually(
      () => gateway.desired.at(-1)?.scrub,
      (scrub) => scrub?.request === 1,
    )
    assert.equal(told, { request: 1, bytesPerSecond: 64 * MiB, stop: false })
  }
})

test('a request names one node and a rate; the others are left alone', async () => {
  await rig.send('POST', '/v1/scrubs', { node: 'n2', bytesPerSecond: 0 })
  await eventually(
    () => second.desired.at(-1)?.scrub,
    (scrub) => scrub?.bytesPerSecond === 0,
  )
  assert.is(first.desired.at(-1)?.scrub, null)
  assert.equal(
    (await list()).items.map(({ state }) => state),
    ['never', 'waiting'],
  )
  assert.is((await list('?node=n2')).items.length, 1)
})

test('a pass shows how far it is, and keeps its figures when it is over', async () => {
  await rig.send('POST', '/v1/scrubs', { node: 'n1' })
  first.scrub = running
  const { items } = await until('?node=n1', isState('running'))
  assert.equal(items[0], {
    node: 'n1',
    device: 'n1.disk',
    storeId: 'store-of-n1',
    state: 'running',
    request: 1,
    bytesPerSecond: 5000,
    percent: 25,
    readBytes: MiB,
    totalBytes: 4 * MiB,
    damagedBlocks: 2,
    startedAt: '2026-01-02T00:00:00.000Z',
  })
  const endedAtMs = Date.UTC(2026, 0, 3)
  first.scrub = {
    ...running,
    state: 'FINISHED',
    blocksRead: 1000,
    endedAtMs,
    finishedAtMs: endedAtMs,
    requestDone: 1,
  }
  const ended = (await until('?node=n1', isState('finished'))).items[0]
  assert.is(ended?.percent, 100)
  assert.is(ended?.damagedBlocks, 2)
  assert.is(ended?.finishedAt, '2026-01-03T00:00:00.000Z')
})

test('a pass on schedule after a request that was done does not make it wait again', async () => {
  await rig.send('POST', '/v1/scrubs', { node: 'n1' })
  first.scrub = { ...running, request: 0, requestDone: 1 }
  const { items } = await until('?node=n1', isState('running'))
  assert.is(items[0]?.request, 0)
})

test('a stop is a request of its own', async () => {
  await rig.send('POST', '/v1/scrubs', { node: 'n1' })
  first.scrub = running
  await until('?node=n1', isState('running'))
  const { status } = await rig.send('DELETE', '/v1/scrubs?node=n1')
  assert.is(status, 202)
  const told = await eventually(
    () => first.desired.at(-1)?.scrub,
    (scrub) => scrub?.stop === true,
  )
  assert.is(told?.request, 2)
  first.scrub = { ...running, state: 'STOPPED', requestDone: 2 }
  await until('?node=n1', isState('stopped'))
})

test('a request is kept for a gateway that comes later', async () => {
  await rig.send('POST', '/v1/scrubs', {})
  first.close()
  await eventually(
    () => rig.control.fleet.view('n1')?.connected,
    (connected) => connected === false,
  )
  const back = await rig.gateway({ name: 'n1', rack: 'r1', incarnation: 'n1-2' })
  const told = await eventually(
    () => back.desired.at(-1),
    (desired) => desired !== undefined,
  )
  assert.is(told?.scrub?.request, 1)
})

test('the same idempotency key asks once', async () => {
  const headers = { 'idempotency-key': 'scrub-1' }
  const one = await rig.send<ScrubListBody>('POST', '/v1/scrubs', {}, headers)
  const two = await rig.send<ScrubListBody>('POST', '/v1/scrubs', {}, headers)
  assert.equal(one.body, two.body)
  const other = await rig.send<ScrubListBody>('POST', '/v1/scrubs', {})
  assert.is(other.body.items[0]?.request, 2)
})

test('what makes no sense is refused', async () => {
  const codeOf = async (method: string, url: string, body?: unknown) => {
    const { code, pointer } = await rig.refused(method, url, body)
    return `${code} ${pointer}`
  }
  assert.is(await codeOf('POST', '/v1/scrubs', { node: 'nobody' }), 'NODE_NOT_FOUND /node')
  assert.is(await codeOf('POST', '/v1/scrubs', { node: '../x' }), 'NODE_NOT_FOUND /node')
  assert.is(
    await codeOf('POST', '/v1/scrubs', { bytesPerSecond: -1 }),
    'INVALID_FIELD /bytesPerSecond',
  )
  assert.is(await codeOf('POST', '/v1/scrubs', { rate: 1 }), 'UNKNOWN_FIELD /rate')
  assert.is(await codeOf('GET', '/v1/scrubs?node=nobody'), 'NODE_NOT_FOUND /node')
  assert.is(await codeOf('DELETE', '/v1/scrubs?node=nobody'), 'NODE_NOT_FOUND /node')
  assert.is(await codeOf('GET', '/v1/scrubs?limit=1'), 'UNKNOWN_FIELD /limit')
})

test('a node shows how its store works, with its write amplification', async () => {
  first.figures = {
    hostWrittenBytes: 1000,
    deviceWrittenBytes: 2345,
    movedWrittenBytes: 1,
    indexWrittenBytes: 2,
    checkpoints: 3,
    logTailBytes: 4,
    indexBytes: 5,
    indexHits: 6,
    indexMisses: 7,
    erasingBytes: 8,
    checksumErrors: 9,
  }
  const { body } = await eventually(
    () => rig.send<NodeBody>('GET', '/v1/nodes/n1'),
    (answer) => answer.body.devices[0]?.store !== undefined,
  )
  assert.equal(body.devices[0]?.store, { ...first.figures, writeAmplification: 2.35 })
})

test.run()
