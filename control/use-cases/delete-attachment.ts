/**
 * Takes a volume away from its host; reconcile finishes when its gateway has stopped serving it.
 */
import type { Control } from '../control.ts'
import type { AttachmentBody } from '../http/schemas/attachment.ts'
import { attachmentKind, moveAttachment } from '../model/attachment.ts'
import { putRecord, retryConflicts, unchanged } from '../model/record.ts'
import { presentAttachment } from '../present/present-attachment.ts'
import { getStoredAttachment } from './get-attachment.ts'

export function deleteAttachment(control: Control, id: string): Promise<AttachmentBody> {
  return retryConflicts(async () => {
    const { attachment, volume } = await getStoredAttachment(control, id)
    if (attachment.value.state.kind === 'detaching')
      return presentAttachment(control, attachment.value, volume)
    const detaching = moveAttachment(attachment.value, { kind: 'detaching' })
    const { succeeded } = await control.store.transact({
      compare: [unchanged(attachment)],
      success: [putRecord(attachmentKind, id, detaching)],
    })
    return succeeded ? presentAttachment(control, detaching, volume) : undefined
  })
}
