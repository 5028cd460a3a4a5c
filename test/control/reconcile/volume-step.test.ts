/** What a volume's next step is. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Volume, VolumeState } from '../../../control/model/volume.ts'
import { volumeStep } from '../../../control/reconcile/volume-step.ts'
import type { Fleet } from '../../../control/session/fleet.ts'
import {
  clockedFleet,
  device,
  fleetSeeing,
  groupOf,
  groupSeen,
  mirrorOf,
  reasonOf,
  seen,
  volumeIn,
} from './samples.ts'

const available: VolumeState = { kind: 'available' }
const inUse: VolumeState = { kind: 'in-use', attachmentId: 'att-0000000000000001' }
const deleting: VolumeState = { kind: 'deleting' }
const gone = 'Node n1 is gone: its gateway is not heard any more.'

/** The step of a volume whose group has these members. */
const stepOf = (volume: Volume, fleet: Fleet, group = groupOf(['n1'])) =>
  volumeStep(volume, { fleet, mirror: mirrorOf(group) })

test('a volume without a home waits for one, or is gone at once when it is deleted', () => {
  const { fleet } = clockedFleet()
  const { home: _, ...homeless } = volumeIn({ kind: 'creating' }, { placementGroups: [] })
  assert.is(stepOf(homeless, fleet).kind, 'wait')
  assert.is(stepOf({ ...homeless, state: deleting }, fleet).kind, 'remove')
})

test('a volume is gone when its home has forgotten its blocks, and not before', () => {
  const volume = volumeIn(deleting)
  assert.is(stepOf(volume, fleetSeeing([seen('DELETED')]).fleet).kind, 'remove')
  for (const volumes of [[], [seen('DETACHED')], [seen('ATTACHED')]])
    assert.is(stepOf(volume, fleetSeeing(volumes).fleet).kind, 'wait')
  const failing = stepOf(volume, fleetSeeing([seen('FAILED')]).fleet)
  assert.match(reasonOf(failing), /The disk is full\./)
  const away = stepOf(volume, clockedFleet().fleet)
  assert.match(reasonOf(away), /n1/)
})

test('a volume is in error while its home is gone, attached or not', () => {
  const { fleet, passMs } = clockedFleet()
  assert.equal(stepOf(volumeIn(available), fleet), { kind: 'wait' })
  passMs(60_000)
  const error = { kind: 'error', reason: gone } as const
  assert.equal(stepOf(volumeIn(available), fleet), { kind: 'move', to: error })
  const attached = { ...error, attachmentId: 'att-0000000000000001' }
  assert.equal(stepOf(volumeIn(inUse), fleet), { kind: 'move', to: attached })
  assert.equal(stepOf(volumeIn(attached), fleet), { kind: 'wait' })
})

test('a volume heals when its home is heard again', () => {
  const error = { kind: 'error', reason: gone } as const
  const { fleet } = fleetSeeing([])
  assert.equal(stepOf(volumeIn(error), fleet), { kind: 'move', to: available })
  const attached = volumeIn({ ...error, attachmentId: 'att-0000000000000001' })
  assert.equal(stepOf(attached, fleet), { kind: 'move', to: inUse })
  // Control that has just started has heard nobody: that heals nothing.
  assert.is(stepOf(volumeIn(error), clockedFleet().fleet).kind, 'wait')
})

test('a volume is in error with the device that failed', () => {
  const { fleet } = fleetSeeing([])
  fleet.heartbeat('n1', [{ ...device, failed: true }], 0)
  const reason = 'Device disk-0 of node n1 has failed.'
  const step = stepOf(volumeIn(available), fleet)
  assert.equal(step, { kind: 'move', to: { kind: 'error', reason } })
})

test('a volume that grows says until when hosts see the old size', () => {
  const grown = volumeIn(inUse, { sizeBytes: 2 ** 31 })
  const old = stepOf(grown, fleetSeeing([seen('ATTACHED')]).fleet)
  assert.match(reasonOf(old), /new size/)
  const { fleet } = fleetSeeing([seen('ATTACHED', { blockCount: 2 ** 19 })])
  assert.equal(stepOf(grown, fleet), { kind: 'wait' })
})

test('a volume whose group is not served says so, and which', () => {
  const { fleet } = fleetSeeing([seen('ATTACHED')])
  assert.equal(stepOf(volumeIn(inUse), fleet), { kind: 'wait' })
  const lone = { ...groupOf(['n1']), minInSync: 2 }
  assert.match(reasonOf(stepOf(volumeIn(inUse), fleet, lone)), /Writes wait for .* 1 to have 2/)
  const groups = [groupSeen({ serving: false })]
  fleet.observed('n1', { revision: 11, volumes: [seen('ATTACHED')], groups })
  const step = stepOf(volumeIn(inUse), fleet)
  assert.match(reasonOf(step), /wait for placement group 1, which node n1 does not serve/)
})

test('all members forget a deleted volume, also one that is being filled', () => {
  const volume = volumeIn(deleting)
  const forgot = { revision: 10, groups: [], volumes: [seen('DELETED')] }
  const { fleet } = fleetSeeing(forgot.volumes)
  const group = groupOf(['n1', 'n2'], ['n3'])
  assert.match(reasonOf(stepOf(volume, fleet, group)), /node n2/)
  for (const node of ['n2', 'n3']) {
    assert.match(reasonOf(stepOf(volume, fleet, group)), `node ${node}`)
    fleet.connected(node, 'one', [device])
    assert.match(reasonOf(stepOf(volume, fleet, group)), `node ${node}`)
    fleet.observed(node, forgot)
  }
  assert.is(stepOf(volume, fleet, group).kind, 'remove')
})

test('a volume with copies is in error when none of a part is in reach, and not before', () => {
  const { fleet, passMs } = clockedFleet()
  const group = groupOf(['n1', 'n2'], ['n3'])
  passMs(60_000)
  fleet.connected('n2', 'one', [device])
  fleet.connected('n3', 'one', [device])
  assert.equal(stepOf(volumeIn(available), fleet, group), { kind: 'wait' })
  fleet.heartbeat('n2', [{ ...device, failed: true }], 0)
  const step = stepOf(volumeIn(available), fleet, group)
  const reason = `${gone} Device disk-0 of node n2 has failed.`
  assert.equal(step, { kind: 'move', to: { kind: 'error', reason } })
})

test('a volume of a release with one copy waits for its groups to be known', () => {
  const { fleet } = fleetSeeing([seen('DELETED')])
  const step = stepOf(volumeIn(deleting, { placementGroups: [] }), fleet)
  assert.match(reasonOf(step), /looked up/)
})

test.run()
