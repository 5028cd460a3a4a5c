/** Renames, labels or grows a volume: everything asked for happens, or nothing. */
import type { Control } from '../control.ts'
import { ControlError } from '../errors.ts'
import { findPlace } from '../find-place.ts'
import type { VolumeBody, VolumeChangeBody } from '../http/schemas/volume.ts'
import type { Compare, Operation } from '../metadata/metadata.ts'
import { unpackExtentMap } from '../model/extent-map.ts'
import { absent, deleteKey, putRecord, retryConflicts, unchanged } from '../model/record.ts'
import { type Volume, volumeKind, volumeMapPrefix, volumeNamePrefix } from '../model/volume.ts'
import { presentVolume } from '../present/present-volume.ts'
import { changeLabels, checkNameFree, checkSize, getStoredVolume } from './volume-rules.ts'

interface Writes {
  /** What it changes of the volume. */
  readonly volume?: Partial<Volume>
  readonly compare: readonly Compare[]
  readonly operations: readonly Operation[]
}

const nothing: Writes = { compare: [], operations: [] }

export async function updateVolume(
  control: Control,
  idOrName: string,
  body: VolumeChangeBody,
): Promise<VolumeBody> {
  // A rename that was tried again must find the volume under its new name.
  const { id } = (await getStoredVolume(control, idOrName)).value
  const volume = await retryConflicts(async () => {
    const stored = await getStoredVolume(control, id)
    const old = stored.value
    if (old.state.kind === 'deleting')
      throw new ControlError('VOLUME_DELETING', `Volume ${old.name} is being deleted.`)
    const changed: Volume = {
      ...old,
      name: body.name ?? old.name,
      sizeBytes: body.sizeBytes ?? old.sizeBytes,
      labels: changeLabels(old.labels, body.labels ?? {}),
    }
    const renamed = await rename(control, old, changed.name)
    const grown = await grow(control, old, changed.sizeBytes)
    const { succeeded } = await control.store.transact({
      compare: [unchanged(stored), ...renamed.compare, ...grown.compare],
      success: [
        putRecord(volumeKind, id, { ...changed, ...grown.volume }),
        ...renamed.operations,
        ...grown.operations,
      ],
    })
    return succeeded ? changed : undefined
  })
  return presentVolume(control, volume)
}

async function rename(control: Control, volume: Volume, name: string): Promise<Writes> {
  if (name === volume.name) return nothing
  await checkNameFree(control, name)
  return {
    compare: [absent(volumeNamePrefix + name)],
    operations: [
      deleteKey(volumeNamePrefix + volume.name),
      { kind: 'put', key: volumeNamePrefix + name, value: Buffer.from(volume.id) },
    ],
  }
}

async function grow(control: Control, volume: Volume, sizeBytes: number): Promise<Writes> {
  const { store } = control
  const added = sizeBytes - volume.sizeBytes
  if (added < 0)
    throw new ControlError(
      'VOLUME_SHRINK',
      `Volume ${volume.name} has ${volume.sizeBytes} bytes; it can grow, but not shrink.`,
      '/sizeBytes',
    )
  if (added === 0) return nothing
  checkSize(control, sizeBytes)
  if (volume.home === undefined) return nothing
  const { entry } = await store.get(volumeMapPrefix + volume.id)
  if (!entry) throw new Error(`volume ${volume.id} has no extent map`)
  const present = {
    map: unpackExtentMap(entry.value),
    sizeBytes: volume.sizeBytes,
    home: volume.home,
  }
  const place = await findPlace(control, { ...volume, sizeBytes, present })
  if (place.kind !== 'found')
    throw new ControlError('NO_CAPACITY', `Growing: ${place.reason}`, '/sizeBytes')
  return {
    volume: { placementGroups: place.placementGroups },
    compare: [...place.compare, { key: entry.key, modRevision: entry.modRevision }],
    operations: place.operations,
  }
}
