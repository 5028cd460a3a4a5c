/**
 * What a volume's name, size and labels have to fulfil beyond the schema, and finding one or
 * refusing.
 */
import type { Control } from '../control.ts'
import { ControlError } from '../errors.ts'
import { labelsMax } from '../http/schemas/volume.ts'
import { volumeBytesMax } from '../model/cell.ts'
import type { Stored } from '../model/record.ts'
import { findVolume, isVolumeId, type Volume, volumeNamePrefix } from '../model/volume.ts'

export async function getStoredVolume(
  { store }: Pick<Control, 'store'>,
  idOrName: string,
  pointer?: string,
): Promise<Stored<Volume>> {
  const stored = await findVolume(store, idOrName)
  if (stored) return stored
  throw new ControlError('VOLUME_NOT_FOUND', `There is no volume ${idOrName}.`, pointer)
}

export function checkSize({ cell }: Pick<Control, 'cell'>, sizeBytes: number): void {
  const most = volumeBytesMax(cell)
  if (sizeBytes <= most) return
  throw new ControlError(
    'INVALID_FIELD',
    `sizeBytes is at most ${most} in this cell, whose extents have ${cell.extentBytes} bytes.`,
    '/sizeBytes',
  )
}

export async function checkNameFree(
  { store }: Pick<Control, 'store'>,
  name: string,
): Promise<void> {
  if (isVolumeId(name))
    throw new ControlError('INVALID_FIELD', 'name cannot have the form of a volume id.', '/name')
  const { entry } = await store.get(volumeNamePrefix + name)
  if (entry)
    throw new ControlError('NAME_TAKEN', `There is a volume named ${name} already.`, '/name')
}

/** `changes` as a merge patch (RFC 7396): null removes a label. */
export function changeLabels(
  labels: Readonly<Record<string, string>>,
  changes: Readonly<Record<string, string | null>>,
): Record<string, string> {
  const changed = new Map(Object.entries(labels))
  for (const [key, value] of Object.entries(changes)) {
    if (value === null) changed.delete(key)
    else changed.set(key, value)
  }
  if (changed.size > labelsMax)
    throw new ControlError('INVALID_FIELD', `A volume has at most ${labelsMax} labels.`, '/labels')
  return Object.fromEntries(changed)
}
