/** The states of volumes and attachments, and which moves there are. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  attachmentIdOf,
  attachmentStateKinds,
  isAttachmentId,
  mayMoveAttachment,
  moveAttachment,
} from '../../../control/model/attachment.ts'
import {
  attachmentIdOfVolume,
  isVolumeId,
  mayMoveVolume,
  moveVolume,
  volumeIdOf,
  volumeStateKinds,
} from '../../../control/model/volume.ts'
import { attachmentIn, volumeIn } from '../reconcile/samples.ts'

test('volumes move as the picture says, and no other way', () => {
  const moves = volumeStateKinds.flatMap((from) =>
    volumeStateKinds.filter((to) => mayMoveVolume(from, to)).map((to) => `${from} ${to}`),
  )
  assert.equal(moves, [
    'creating available',
    'creating deleting',
    'creating error',
    'available in-use',
    'available deleting',
    'available error',
    'in-use available',
    'in-use error',
    'error available',
    'error in-use',
    'error deleting',
    'error error',
  ])
})

test('attachments move as the picture says, and no other way', () => {
  const moves = attachmentStateKinds.flatMap((from) =>
    attachmentStateKinds.filter((to) => mayMoveAttachment(from, to)).map((to) => `${from} ${to}`),
  )
  assert.equal(moves, [
    'attaching attached',
    'attaching detaching',
    'attaching error',
    'attached attaching',
    'attached detaching',
    'attached error',
    'error attaching',
    'error attached',
    'error detaching',
    'error error',
  ])
})

test('a move that is not in the picture is a mistake of the program', () => {
  const deleting = volumeIn({ kind: 'deleting' })
  assert.throws(() => moveVolume(deleting, { kind: 'available' }), /cannot move from deleting/)
  const detaching = attachmentIn({ kind: 'detaching' })
  assert.throws(() => moveAttachment(detaching, { kind: 'attached' }), /cannot move from detaching/)
  assert.equal(moveVolume(volumeIn({ kind: 'available' }), { kind: 'deleting' }), deleting)
})

test('a volume in error knows its attachment still', () => {
  assert.is(attachmentIdOfVolume(volumeIn({ kind: 'in-use', attachmentId: 'att-1' })), 'att-1')
  const error = { kind: 'error', reason: 'Why.' } as const
  assert.is(attachmentIdOfVolume(volumeIn({ ...error, attachmentId: 'att-1' })), 'att-1')
  assert.is(attachmentIdOfVolume(volumeIn(error)), undefined)
  assert.is(attachmentIdOfVolume(volumeIn({ kind: 'available' })), undefined)
})

test('ids are 20 characters, the length of a serial number, and sort by number', () => {
  assert.is(volumeIdOf(255), 'vol-00000000000000ff')
  assert.is(volumeIdOf(Number.MAX_SAFE_INTEGER).length, 20)
  assert.ok(volumeIdOf(9) < volumeIdOf(16))
  assert.ok(isVolumeId(volumeIdOf(1)) && isAttachmentId(attachmentIdOf(1)))
  for (const text of ['vol-1', 'vol-00000000000000FF', 'att-0000000000000001', ''])
    assert.not(isVolumeId(text), text)
})

test.run()
