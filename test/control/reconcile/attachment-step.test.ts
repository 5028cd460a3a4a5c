/** What an attachment's next step is. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { VolumeObserved } from '../../../control/contract/messages.ts'
import type { AttachmentState } from '../../../control/model/attachment.ts'
import { attachmentStep } from '../../../control/reconcile/attachment-step.ts'
import {
  attachmentIn,
  clockedFleet,
  device,
  fleetSeeing,
  reasonOf,
  seen,
  volumeIn,
} from './samples.ts'

const volume = volumeIn({ kind: 'in-use', attachmentId: 'att-0000000000000001' })
const step = (state: AttachmentState, volumes: readonly VolumeObserved[], revision = 10) =>
  attachmentStep(attachmentIn(state), volume, fleetSeeing(volumes).fleet, revision)

const attaching: AttachmentState = { kind: 'attaching' }
const attached: AttachmentState = { kind: 'attached' }
const detaching: AttachmentState = { kind: 'detaching' }
const failed: AttachmentState = { kind: 'error', reason: 'Node n1: The disk is full.' }

test('an attachment is attached when its volume is served under its fence', () => {
  assert.equal(step(attaching, [seen('ATTACHED')]), { kind: 'move', to: attached })
  assert.equal(step(failed, [seen('ATTACHED')]), { kind: 'move', to: attached })
  assert.equal(step(attached, [seen('ATTACHED')]), { kind: 'wait' })
})

test('an attachment waits while its volume is not served, or under an older fence', () => {
  for (const volumes of [[], [seen('DETACHED')], [seen('ATTACHED', { fence: 2 })]]) {
    assert.is(step(attaching, volumes).kind, 'wait')
    assert.equal(step(attached, volumes), { kind: 'move', to: attaching })
    assert.equal(step(failed, volumes), { kind: 'move', to: attaching })
  }
})

test('an attachment is in error when its gateway fails, and says why once', () => {
  assert.equal(step(attaching, [seen('FAILED')]), { kind: 'move', to: failed })
  assert.equal(step(attached, [seen('FAILED')]), { kind: 'move', to: failed })
  assert.equal(step(failed, [seen('FAILED')]), { kind: 'wait' })
  const other = step(failed, [seen('FAILED', { reason: 'Another.' })])
  assert.equal(other, { kind: 'move', to: { kind: 'error', reason: 'Node n1: Another.' } })
})

test('an attachment is gone when the gateway has taken that in and does not serve it', () => {
  assert.is(step(detaching, [], 10).kind, 'remove')
  assert.is(step(detaching, [seen('DETACHED')], 9).kind, 'remove')
  assert.is(step(detaching, [], 11).kind, 'wait')
  assert.is(step(detaching, [seen('ATTACHED')]).kind, 'wait')
  const failing = step(detaching, [seen('FAILED')])
  assert.match(reasonOf(failing), /The disk is full\./)
})

test('nothing is decided on a gateway that is away: it may go on serving', () => {
  const { fleet, passMs } = fleetSeeing([seen('ATTACHED')])
  fleet.disconnected('n1')
  passMs(9000)
  for (const state of [attaching, attached, detaching]) {
    const waiting = attachmentStep(attachmentIn(state), volume, fleet)
    assert.equal(waiting, {
      kind: 'wait',
      reason: 'Waits for node n1, which has not been heard for 9 s.',
    })
  }
})

test('an attachment of a node that is gone is in error, but one that is detaching waits', () => {
  const { fleet, passMs } = fleetSeeing([seen('ATTACHED')])
  fleet.disconnected('n1')
  passMs(60_000)
  const gone = attachmentStep(attachmentIn(attached), volume, fleet)
  const reason = 'Node n1 is gone: its gateway is not heard any more.'
  assert.equal(gone, { kind: 'move', to: { kind: 'error', reason } })
  assert.is(attachmentStep(attachmentIn(detaching), volume, fleet).kind, 'wait')
})

test('a node that never came since control started is waited for, then gone', () => {
  const { fleet, passMs } = clockedFleet()
  assert.is(attachmentStep(attachmentIn(attached), volume, fleet).kind, 'wait')
  passMs(60_000)
  assert.is(attachmentStep(attachmentIn(attached), volume, fleet).kind, 'move')
})

test('an attachment is in error while its volume is, and not for a disk of its gateway', () => {
  const { fleet } = fleetSeeing([seen('ATTACHED')])
  fleet.heartbeat('n1', [{ ...device, failed: true }], 0)
  assert.equal(attachmentStep(attachmentIn(attached), volume, fleet), { kind: 'wait' })
  const error = { kind: 'error', reason: 'Device disk-0 of node n1 has failed.' } as const
  const step = attachmentStep(attachmentIn(attached), volumeIn(error), fleet)
  assert.equal(step, { kind: 'move', to: error })
})

test.run()
