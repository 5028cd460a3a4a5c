/** Gets an attachment by its id. */
import type { Control } from '../control.ts'
import { ControlError } from '../errors.ts'
import type { AttachmentBody } from '../http/schemas/attachment.ts'
import { type Attachment, attachmentKind, isAttachmentId } from '../model/attachment.ts'
import { readRecord, type Stored } from '../model/record.ts'
import { type Volume, volumeKind } from '../model/volume.ts'
import { presentAttachment } from '../present/present-attachment.ts'

export async function getAttachment(control: Control, id: string): Promise<AttachmentBody> {
  const { attachment, volume } = await getStoredAttachment(control, id)
  return presentAttachment(control, attachment.value, volume)
}

export async function getStoredAttachment(
  { store }: Pick<Control, 'store'>,
  id: string,
): Promise<{ readonly attachment: Stored<Attachment>; readonly volume: Volume }> {
  const attachment = isAttachmentId(id) ? await readRecord(store, attachmentKind, id) : undefined
  const volume = attachment && (await readRecord(store, volumeKind, attachment.value.volumeId))
  // An attachment goes before its volume does: without the volume it is gone too.
  if (attachment && volume) return { attachment, volume: volume.value }
  throw new ControlError('ATTACHMENT_NOT_FOUND', `There is no attachment ${id}.`)
}
