/** A session's own life: bounded, whatever the gateway does or leaves undone. */
import { EventEmitter } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  contractVersion,
  type FromGateway,
  type ToGateway,
} from '../../../control/contract/messages.ts'
import { GatewaySession, type SessionEvents } from '../../../control/session/gateway-session.ts'
import { createBareRig, MiB } from '../support/rig.ts'

const hello: FromGateway = {
  hello: {
    contractVersion,
    nodeName: 'n1',
    incarnation: 'one',
    rack: 'r1',
    zone: '',
    softwareVersion: '0',
    io: { address: '192.0.2.1', port: 4420 },
    discovery: { address: '192.0.2.1', port: 8009 },
    extentBytes: 64 * MiB,
    devices: [],
    storeIds: [],
    peer: null,
    cellId: '',
  },
}

/** A stream that writes only when it is let. */
class FakeStream extends EventEmitter {
  readonly written: ToGateway[] = []
  readonly waiting: (() => void)[] = []
  paused = false
  hasEnded = false
  write(message: ToGateway, done: () => void): void {
    this.written.push(message)
    this.waiting.push(done)
  }
  drain(): void {
    for (const done of this.waiting.splice(0)) done()
  }
  end(): void {
    this.hasEnded = true
  }
  pause(): void {
    this.paused = true
  }
  resume(): void {
    this.paused = false
  }
}

const patient = { heartbeatIntervalMs: 20, silentAfterMs: 10_000, goneAfterMs: 60_000 }
const impatient = { heartbeatIntervalMs: 20, silentAfterMs: 50, goneAfterMs: 200 }
const content = (deletedVolumeIds: number[]) => ({
  volumes: [],
  deletedVolumeIds,
  discovery: [],
  groups: [],
  peers: [],
  scrub: null,
  detachingIds: [],
})

async function open(stream: FakeStream, events: Partial<SessionEvents> = {}, limits = patient) {
  const rig = await createBareRig()
  const session = new GatewaySession(rig.control, stream, limits, {
    admit: () => {},
    opened: () => {},
    ended: () => {},
    ...events,
  })
  return { session, rig }
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !isTrue(); i++) await delay(5)
  assert.ok(isTrue())
}

test('the stream is not read while a message is taken', async () => {
  const stream = new FakeStream()
  const { session, rig } = await open(stream)
  stream.emit('data', hello)
  assert.is(stream.paused, true)
  await until(() => session.isOpen())
  await until(() => !stream.paused)
  assert.ok(stream.written[0]?.welcome)
  session.end()
  await rig.close()
})

test('of desired states only the newest waits for a slow stream', async () => {
  const stream = new FakeStream()
  const { session, rig } = await open(stream)
  session.offer(1, content([]))
  stream.emit('data', hello)
  await until(() => session.isOpen())
  for (let i = 2; i < 100; i++) session.offer(i, content([i]))
  const desired = () => stream.written.flatMap((message) => message.desired ?? [])
  assert.equal(
    desired().map(({ revision }) => revision),
    [2],
  )
  stream.drain()
  assert.equal(
    desired().map(({ revision }) => revision),
    [2, 99],
  )
  stream.drain()
  session.offer(100, content([99]))
  assert.is(desired().length, 2)
  session.end()
  await rig.close()
})

test('a gateway that does not read is dropped', async () => {
  const stream = new FakeStream()
  let ended = 0
  const { session, rig } = await open(stream, { ended: () => ended++ }, impatient)
  stream.emit('data', hello)
  await until(() => session.isOpen())
  session.offer(1, content([1]))
  const beat = setInterval(
    () => stream.emit('data', { heartbeat: { sequence: 1, devices: [] } }),
    20,
  )
  await until(() => stream.hasEnded)
  clearInterval(beat)
  assert.is(ended, 1)
  assert.is(session.isOpen(), false)
  await rig.close()
})

test('a gateway that says nothing is dropped, before and after its Hello', async () => {
  const mute = new FakeStream()
  const first = await open(mute, {}, impatient)
  await until(() => mute.hasEnded)
  await first.rig.close()
  const silent = new FakeStream()
  const second = await open(silent, {}, impatient)
  silent.emit('data', hello)
  await until(() => silent.hasEnded)
  await second.rig.close()
})

test('a stream that ends while its gateway is registered does not open', async () => {
  const stream = new FakeStream()
  let ended = 0
  let opened = 0
  const { session, rig } = await open(stream, { ended: () => ended++, opened: () => opened++ })
  stream.emit('data', hello)
  stream.emit('cancelled')
  stream.emit('close')
  await delay(50)
  assert.equal([session.isOpen(), ended, opened], [false, 1, 0])
  await rig.close()
})

test('a failure of the store is said without its insides', async () => {
  const stream = new FakeStream()
  const { rig } = await open(stream)
  await rig.close()
  stream.emit('data', hello)
  await until(() => stream.hasEnded)
  assert.is(stream.written.at(-1)?.refused?.code, 'INTERNAL')
})

test.run()
