/** Lists attachments by id, which is the order they were made in. */
import type { Control } from '../control.ts'
import type { AttachmentListBody, AttachmentListQuery } from '../http/schemas/attachment.ts'
import { type Attachment, attachmentKind } from '../model/attachment.ts'
import { readRecord } from '../model/record.ts'
import { volumeKind } from '../model/volume.ts'
import { presentAttachment } from '../present/present-attachment.ts'
import { readPage } from './read-page.ts'
import { getStoredVolume } from './volume-rules.ts'

export async function listAttachments(
  control: Control,
  query: AttachmentListQuery,
): Promise<AttachmentListBody> {
  const { volume: idOrName, hostNqn, state } = query
  const volume =
    idOrName === undefined ? undefined : (await getStoredVolume(control, idOrName, '/volume')).value
  const wanted = (attachment: Attachment) =>
    (volume === undefined || attachment.volumeId === volume.id) &&
    (hostNqn === undefined || attachment.hostNqn === hostNqn) &&
    (state === undefined || attachment.state.kind === state)
  const { items, ...next } = await readPage(control.store, attachmentKind, query, wanted)
  const bodies = await Promise.all(
    items.map(async ({ value }) => {
      const of = volume ?? (await readRecord(control.store, volumeKind, value.volumeId))?.value
      return of && presentAttachment(control, value, of)
    }),
  )
  // An attachment whose volume is gone has gone too since it was read.
  return { items: bodies.filter((body) => body !== undefined), ...next }
}
