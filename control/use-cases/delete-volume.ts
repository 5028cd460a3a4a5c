/**
 * Starts the deletion of a volume; reconcile finishes it when all that hold a part of it have
 * forgotten its blocks.
 */
import type { Control } from '../control.ts'
import type { VolumeBody } from '../http/schemas/volume.ts'
import { putRecord, retryConflicts, unchanged } from '../model/record.ts'
import { attachmentIdOfVolume, moveVolume, volumeKind } from '../model/volume.ts'
import { presentVolume } from '../present/present-volume.ts'
import { refuseAttached } from './refuse-attached.ts'
import { getStoredVolume } from './volume-rules.ts'

export async function deleteVolume(control: Control, idOrName: string): Promise<VolumeBody> {
  const volume = await retryConflicts(async () => {
    const stored = await getStoredVolume(control, idOrName)
    const old = stored.value
    if (old.state.kind === 'deleting') return old
    const attachmentId = attachmentIdOfVolume(old)
    if (attachmentId !== undefined) {
      await refuseAttached(control, old, attachmentId)
      return undefined
    }
    const deleting = moveVolume(old, { kind: 'deleting' })
    const { succeeded } = await control.store.transact({
      compare: [unchanged(stored)],
      success: [putRecord(volumeKind, old.id, deleting)],
    })
    return succeeded ? deleting : undefined
  })
  return presentVolume(control, volume)
}
