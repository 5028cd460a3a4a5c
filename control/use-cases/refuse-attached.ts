/** Refuses what an attached volume does not allow, naming the attachment. */
import type { Control } from '../control.ts'
import { ControlError } from '../errors.ts'
import { attachmentKind } from '../model/attachment.ts'
import { readRecord } from '../model/record.ts'
import type { Volume } from '../model/volume.ts'

/** Returns when the attachment has gone since the volume was read. */
export async function refuseAttached(
  { store }: Pick<Control, 'store'>,
  volume: Volume,
  attachmentId: string,
  pointer?: string,
): Promise<void> {
  const attachment = (await readRecord(store, attachmentKind, attachmentId))?.value
  if (!attachment) return
  if (attachment.state.kind === 'detaching')
    throw new ControlError(
      'ATTACHMENT_DETACHING',
      `Volume ${volume.name} is still being detached from ${attachment.hostNqn}.`,
      pointer,
    )
  throw new ControlError(
    'VOLUME_IN_USE',
    `Volume ${volume.name} is attached to ${attachment.hostNqn}; ` +
      `delete attachment ${attachment.id} first.`,
    pointer,
  )
}
