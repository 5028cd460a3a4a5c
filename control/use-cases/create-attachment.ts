/**
 * Gives a host the right to use a volume; reconcile marks it attached when its gateway serves it.
 */
import type { Control } from '../control.ts'
import { ControlError } from '../errors.ts'
import type { AttachmentBody, AttachmentCreateBody } from '../http/schemas/attachment.ts'
import { type Attachment, attachmentIdOf, attachmentKind } from '../model/attachment.ts'
import { takeNumbers } from '../model/counter.ts'
import { invalidNqn } from '../model/nqn.ts'
import { absent, putRecord, unchanged } from '../model/record.ts'
import { attachmentIdOfVolume, moveVolume, type Volume, volumeKind } from '../model/volume.ts'
import { servingNode } from '../model/volume-groups.ts'
import { type Change, createOnce } from '../once.ts'
import { presentAttachment } from '../present/present-attachment.ts'
import { refuseAttached } from './refuse-attached.ts'
import { getStoredVolume } from './volume-rules.ts'

export function createAttachment(
  control: Control,
  body: AttachmentCreateBody,
  key?: string,
): Promise<AttachmentBody> {
  const fault = invalidNqn(body.hostNqn)
  if (fault) throw new ControlError('INVALID_FIELD', fault, '/hostNqn')
  const request = { key, operation: 'createAttachment', body }
  return control.inTurn(() => createOnce(control, request, () => attempt(control, body)))
}

async function attempt(
  control: Control,
  { volume: idOrName, hostNqn }: AttachmentCreateBody,
): Promise<Change<AttachmentBody>> {
  const stored = await getStoredVolume(control, idOrName, '/volume')
  const ready = await checkReady(control, stored.value)
  const home = servingNode(ready, control.mirror, (node) => control.fleet.health(node) === 'alive')
  const counter = await takeNumbers(control.store, 'attachment')
  const id = attachmentIdOf(counter.first)
  const volume: Volume = {
    ...moveVolume(ready, { kind: 'in-use', attachmentId: id }),
    home,
    fence: stored.value.fence + 1,
  }
  const attachment: Attachment = {
    id,
    volumeId: volume.id,
    hostNqn,
    node: home,
    fence: volume.fence,
    discoverable: false,
    state: { kind: 'attaching' },
    createdAt: new Date().toISOString(),
  }
  return {
    compare: [counter.compare, unchanged(stored), absent(attachmentKind.prefix + id)],
    operations: [
      counter.operation,
      putRecord(volumeKind, volume.id, volume),
      putRecord(attachmentKind, id, attachment),
    ],
    answer: await presentAttachment(control, attachment, volume),
  }
}

/** Refuses a volume that cannot be attached. */
async function checkReady(
  control: Control,
  volume: Volume,
): Promise<Volume & { readonly home: string }> {
  const { state, name, home } = volume
  const attachmentId = attachmentIdOfVolume(volume)
  if (attachmentId !== undefined) await refuseAttached(control, volume, attachmentId, '/volume')
  if (state.kind === 'deleting')
    throw new ControlError('VOLUME_DELETING', `Volume ${name} is being deleted.`, '/volume')
  if (state.kind === 'error')
    throw new ControlError('VOLUME_NOT_READY', `Volume ${name}: ${state.reason}`, '/volume')
  if (home === undefined)
    throw new ControlError('VOLUME_NOT_READY', `Volume ${name} waits for a node.`, '/volume')
  return { ...volume, home }
}
