/** Events of the engine, on their way to the log and to control. */
import { suite } from 'uvu'
import { equal, is, match } from 'uvu/assert'
import type { GatewayEvent } from '../../control/contract/messages.ts'
import { createEventQueue, logEvent, type ToldEvent } from '../../gateway/events.ts'
import { quiet } from './samples.ts'

const test = suite('events')
const event = (volumeId: number): GatewayEvent => ({ kind: 'checksum-error', text: 't', volumeId })

function drain(queue: ReturnType<typeof createEventQueue>, most = Infinity): GatewayEvent[] {
  const taken: GatewayEvent[] = []
  queue.drain((each) => {
    if (taken.length >= most) return false
    taken.push(each)
    return true
  })
  return taken
}

test('hands on events in their order, once', () => {
  const queue = createEventQueue()
  for (const number of [1, 2, 3]) queue.add(event(number))
  equal(
    drain(queue).map(({ volumeId }) => volumeId),
    [1, 2, 3],
  )
  equal(drain(queue), [])
})

test('keeps what was not taken', () => {
  const queue = createEventQueue()
  for (const number of [1, 2, 3]) queue.add(event(number))
  is(drain(queue, 2).length, 2)
  equal(drain(queue), [event(3)])
})

test('keeps the newest when nobody takes them, and says how many are lost', () => {
  const queue = createEventQueue(3)
  for (let number = 1; number <= 10; number += 1) queue.add(event(number))
  is(drain(queue, 0).length, 0)
  const taken = drain(queue)
  equal(
    taken.map(({ kind }) => kind),
    ['events-dropped', 'checksum-error', 'checksum-error', 'checksum-error'],
  )
  match(taken[0]?.text ?? '', /^7 events came faster/)
  is(taken[1]?.volumeId, 8)
  equal(drain(queue), [])
})

test('says each of the engine’s events in a sentence', () => {
  const host = { subsystemNqn: 'nqn.s', hostNqn: 'nqn.h', controllerId: 7 }
  const events: [ToldEvent, string][] = [
    [
      { kind: 'device-failed', device: '/dev/a', errno: 5 },
      '/dev/a failed (errno 5): its volumes refuse what hosts ask for.',
    ],
    [
      { kind: 'checksum-error', volumeId: 3n, block: 9n },
      'Block 9 of volume 3 came back damaged from its device.',
    ],
    [{ kind: 'host-connected', ...host }, 'nqn.h connected to nqn.s (controller 7).'],
    [
      { kind: 'host-disconnected', ...host, reason: 'keep-alive timed out' },
      'nqn.h left nqn.s (controller 7): keep-alive timed out.',
    ],
    [{ kind: 'events-dropped', count: 4 }, 'The engine dropped 4 events: they came too fast.'],
  ]
  for (const [engineEvent, text] of events) {
    const told = logEvent(engineEvent, quiet)
    equal([told?.kind, told?.text], [engineEvent.kind, text])
  }
  is(logEvent({ kind: 'checksum-error', volumeId: 3n, block: 9n }, quiet)?.volumeId, 3)
})

test('tells control nothing of recovery: it lies on the log', () => {
  const recovery = {
    kind: 'recovery',
    device: 'd',
    segmentsDone: 1,
    segmentsTotal: 2,
    batchesReplayed: 5,
    blocksLive: 9,
  } as const
  is(logEvent(recovery, quiet), undefined)
})

test.run()
