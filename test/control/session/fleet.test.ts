/** What control sees of gateways, as time passes. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { createFleet } from '../../../control/session/fleet.ts'
import { clockedFleet, device, seen } from '../reconcile/samples.ts'

test('a node is alive while it is heard, then silent, then gone', () => {
  const { fleet, passMs } = clockedFleet()
  fleet.connected('n1', 'one', [device])
  assert.is(fleet.health('n1'), 'alive')
  passMs(4999)
  assert.is(fleet.health('n1'), 'alive')
  passMs(1)
  assert.is(fleet.health('n1'), 'silent')
  assert.is(fleet.silentSeconds('n1'), 5)
  passMs(55_000)
  assert.is(fleet.health('n1'), 'gone')
  fleet.heartbeat('n1', [], 3)
  assert.is(fleet.health('n1'), 'alive')
  assert.is(fleet.view('n1')?.hostConnections, 3)
})

test('a node without a session is silent at once, and gone as if it had just been heard', () => {
  const { fleet, passMs } = clockedFleet()
  fleet.connected('n1', 'one', [device])
  fleet.disconnected('n1')
  assert.is(fleet.health('n1'), 'silent')
  assert.is(fleet.sessions(), 0)
  passMs(59_999)
  assert.is(fleet.health('n1'), 'silent')
  passMs(1)
  assert.is(fleet.health('n1'), 'gone')
})

test('a node that never came counts as heard when control started', () => {
  const { fleet, passMs } = clockedFleet()
  passMs(1000)
  assert.is(fleet.health('n1'), 'silent')
  passMs(59_000)
  assert.is(fleet.health('n1'), 'gone')
})

test('what a gateway observed is forgotten with its session', () => {
  const { fleet } = clockedFleet()
  fleet.connected('n1', 'one', [device])
  fleet.observed('n1', { revision: 5, volumes: [seen('ATTACHED')], groups: [] })
  assert.is(fleet.view('n1')?.observed?.volumes.get(7)?.state, 'ATTACHED')
  fleet.disconnected('n1')
  assert.is(fleet.view('n1')?.observed, undefined)
  assert.equal(fleet.view('n1')?.devices, [device])
  fleet.connected('n1', 'two', [])
  assert.is(fleet.view('n1')?.observed, undefined)
  assert.is(fleet.view('n1')?.incarnation, 'two')
})

test('a heartbeat without devices leaves them as they are', () => {
  const { fleet } = clockedFleet()
  fleet.connected('n1', 'one', [device])
  fleet.heartbeat('n1', [], 1)
  assert.equal(fleet.view('n1')?.devices, [device])
  fleet.heartbeat('n2', [device], 1)
  assert.is(fleet.view('n2'), undefined)
})

test('listeners hear of what matters, not of every heartbeat', () => {
  const { fleet, passMs } = clockedFleet()
  let changes = 0
  fleet.onChange(() => changes++)
  fleet.connected('n1', 'one', [device])
  fleet.observed('n1', { revision: 1, volumes: [], groups: [] })
  fleet.heartbeat('n1', [device], 0)
  assert.is(changes, 2)
  passMs(10_000)
  fleet.heartbeat('n1', [device], 0)
  assert.is(changes, 3)
  fleet.disconnected('n1')
  fleet.disconnected('n2')
  assert.is(changes, 4)
})

test('reset, it knows of nobody, and counts everybody as heard just now', () => {
  let nowMs = 0
  const fleet = createFleet({ silentAfterMs: 100, goneAfterMs: 1000 }, () => nowMs)
  fleet.connected('n1', 'a', [])
  nowMs = 5000
  let changes = 0
  fleet.onChange(() => changes++)
  fleet.reset()
  assert.equal([fleet.view('n1'), fleet.health('n1'), fleet.sessions()], [undefined, 'silent', 0])
  assert.is(changes, 1)
  nowMs = 6000
  assert.is(fleet.health('n1'), 'gone')
})

test.run()
