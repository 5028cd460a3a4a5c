/** What a volume's next step is. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { VolumeState } from '../../../control/model/volume.ts'
import { volumeStep } from '../../../control/reconcile/volume-step.ts'
import { clockedFleet, device, fleetSeeing, reasonOf, seen, volumeIn } from './samples.ts'

const available: VolumeState = { kind: 'available' }
const inUse: VolumeState = { kind: 'in-use', attachmentId: 'att-0000000000000001' }
const deleting: VolumeState = { kind: 'deleting' }
const gone = 'Node n1 is gone: its gateway is not heard any more.'

test('a volume without a home waits for one, or is gone at once when it is deleted', () => {
  const { fleet } = clockedFleet()
  const { home: _, ...homeless } = volumeIn({ kind: 'creating' })
  assert.is(volumeStep(homeless, fleet).kind, 'wait')
  assert.is(volumeStep({ ...homeless, state: deleting }, fleet).kind, 'remove')
})

test('a volume is gone when its home has forgotten its blocks, and not before', () => {
  const volume = volumeIn(deleting)
  assert.is(volumeStep(volume, fleetSeeing([seen('DELETED')]).fleet).kind, 'remove')
  for (const volumes of [[], [seen('DETACHED')], [seen('ATTACHED')]])
    assert.is(volumeStep(volume, fleetSeeing(volumes).fleet).kind, 'wait')
  const failing = volumeStep(volume, fleetSeeing([seen('FAILED')]).fleet)
  assert.match(reasonOf(failing), /The disk is full\./)
  const away = volumeStep(volume, clockedFleet().fleet)
  assert.match(reasonOf(away), /n1/)
})

test('a volume is in error while its home is gone, attached or not', () => {
  const { fleet, passMs } = clockedFleet()
  assert.equal(volumeStep(volumeIn(available), fleet), { kind: 'wait' })
  passMs(60_000)
  const error = { kind: 'error', reason: gone } as const
  assert.equal(volumeStep(volumeIn(available), fleet), { kind: 'move', to: error })
  const attached = { ...error, attachmentId: 'att-0000000000000001' }
  assert.equal(volumeStep(volumeIn(inUse), fleet), { kind: 'move', to: attached })
  assert.equal(volumeStep(volumeIn(attached), fleet), { kind: 'wait' })
})

test('a volume heals when its home is heard again', () => {
  const error = { kind: 'error', reason: gone } as const
  const { fleet } = fleetSeeing([])
  assert.equal(volumeStep(volumeIn(error), fleet), { kind: 'move', to: available })
  const attached = volumeIn({ ...error, attachmentId: 'att-0000000000000001' })
  assert.equal(volumeStep(attached, fleet), { kind: 'move', to: inUse })
  // Control that has just started has heard nobody: that heals nothing.
  assert.is(volumeStep(volumeIn(error), clockedFleet().fleet).kind, 'wait')
})

test('a volume is in error with the device that failed', () => {
  const { fleet } = fleetSeeing([])
  fleet.heartbeat('n1', [{ ...device, failed: true }], 0)
  const reason = 'Device disk-0 of node n1 has failed.'
  const step = volumeStep(volumeIn(available), fleet)
  assert.equal(step, { kind: 'move', to: { kind: 'error', reason } })
})

test('a volume that grows says until when hosts see the old size', () => {
  const grown = volumeIn(inUse, { sizeBytes: 2 ** 31 })
  const old = volumeStep(grown, fleetSeeing([seen('ATTACHED')]).fleet)
  assert.match(reasonOf(old), /new size/)
  const { fleet } = fleetSeeing([seen('ATTACHED', { blockCount: 2 ** 19 })])
  assert.equal(volumeStep(grown, fleet), { kind: 'wait' })
})

test.run()
