/** Renames, labels or grows a volume: everything asked for happens, or nothing. */
import { freeBytes } from '../../placement/choose-home.ts'
import { spreadExtents } from '../../placement/spread-extents.ts'
import type { Control } from '../control.ts'
import { ControlError } from '../errors.ts'
import type { VolumeBody, VolumeChangeBody } from '../http/schemas/volume.ts'
import type { Compare, Operation } from '../metadata/metadata.ts'
import { readCandidate } from '../model/candidates.ts'
import { packExtentMap, unpackExtentMap } from '../model/extent-map.ts'
import { putUsage } from '../model/node-usage.ts'
import { absent, deleteKey, putRecord, retryConflicts, unchanged } from '../model/record.ts'
import { type Volume, volumeKind, volumeMapPrefix, volumeNamePrefix } from '../model/volume.ts'
import { presentVolume } from '../present/present-volume.ts'
import { changeLabels, checkNameFree, checkSize, getStoredVolume } from './volume-rules.ts'

interface Writes {
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
      success: [putRecord(volumeKind, id, changed), ...renamed.operations, ...grown.operations],
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
  const { store, cell } = control
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
  const home = await readCandidate(control, volume.home)
  if (!home) throw new Error(`node ${volume.home}, the home of ${volume.id}, has no record`)
  const free = freeBytes(home, cell.overcommit)
  if (added > free)
    throw new ControlError(
      'NO_CAPACITY',
      `Growing takes ${added} bytes on the volume's node ${home.name}, which has ${free} free.`,
      '/sizeBytes',
    )
  const { entry } = await store.get(volumeMapPrefix + volume.id)
  if (!entry) throw new Error(`volume ${volume.id} has no extent map`)
  const map = spreadExtents(unpackExtentMap(entry.value), Math.ceil(sizeBytes / cell.extentBytes), {
    seed: volume.number,
    placementGroups: home.node.placementGroups,
    width: cell.volumeWidth,
  })
  const usage = home.usage.value
  return {
    compare: [unchanged(home.usage), { key: entry.key, modRevision: entry.modRevision }],
    operations: [
      putUsage(home.name, { ...usage, provisionedBytes: usage.provisionedBytes + added }),
      { kind: 'put', key: entry.key, value: packExtentMap(map) },
    ],
  }
}
