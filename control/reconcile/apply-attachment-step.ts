/** Writes what an attachment's step says, unless the attachment has changed meanwhile. */
import type { Control } from '../control.ts'
import {
  type Attachment,
  type AttachmentState,
  attachmentKind,
  moveAttachment,
} from '../model/attachment.ts'
import { deleteKey, putRecord, type Stored, unchanged } from '../model/record.ts'
import { moveVolume, type Volume, type VolumeState, volumeKind } from '../model/volume.ts'
import { attachmentStep } from './attachment-step.ts'
import { commit } from './commit.ts'

/** True when something was done. */
export async function applyAttachmentStep(
  control: Control,
  stored: Stored<Attachment>,
  volume: Stored<Volume>,
): Promise<boolean> {
  const step = attachmentStep(stored.value, volume.value, control.fleet, stored.modRevision)
  switch (step.kind) {
    case 'wait':
      return false
    case 'move':
      return move(control, stored, step.to)
    case 'remove':
      return remove(control, stored, volume)
  }
}

function move(control: Control, stored: Stored<Attachment>, to: AttachmentState): Promise<boolean> {
  const { id, discoverable } = stored.value
  const moved = {
    ...moveAttachment(stored.value, to),
    discoverable: discoverable || to.kind === 'attached',
  }
  const reason = to.kind === 'error' ? { reason: to.reason } : {}
  return commit(
    control,
    { compare: [unchanged(stored)], success: [putRecord(attachmentKind, id, moved)] },
    { attachment: id, volume: moved.volumeId, ...reason },
    `attachment is ${to.kind}`,
  )
}

function remove(
  control: Control,
  stored: Stored<Attachment>,
  volume: Stored<Volume>,
): Promise<boolean> {
  const { state, id: volumeId } = volume.value
  const to: VolumeState =
    state.kind === 'error' ? { kind: 'error', reason: state.reason } : { kind: 'available' }
  return commit(
    control,
    {
      compare: [unchanged(stored), unchanged(volume)],
      success: [
        deleteKey(stored.key),
        putRecord(volumeKind, volumeId, moveVolume(volume.value, to)),
      ],
    },
    { attachment: stored.value.id, volume: volumeId },
    'attachment is gone',
  )
}
