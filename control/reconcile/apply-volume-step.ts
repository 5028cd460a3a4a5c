/** Writes what a volume's step says, unless the volume has changed meanwhile. */
import { sharesOf } from '../../placement/ledger.ts'
import type { Control } from '../control.ts'
import { unpackExtentMap } from '../model/extent-map.ts'
import { changeUsage, readUsage } from '../model/group-usage.ts'
import { placementGroupName } from '../model/placement-group.ts'
import { deleteKey, putRecord, type Stored, unchanged } from '../model/record.ts'
import {
  isFromBefore,
  moveVolume,
  type Volume,
  type VolumeState,
  volumeKind,
  volumeMapPrefix,
  volumeNamePrefix,
} from '../model/volume.ts'
import { adoptVolume } from './adopt-volume.ts'
import { commit } from './commit.ts'
import { placeVolume } from './place-volume.ts'
import { volumeStep } from './volume-step.ts'

/** True when something was done. */
export async function applyVolumeStep(control: Control, stored: Stored<Volume>): Promise<boolean> {
  const { value: volume } = stored
  if (volume.state.kind === 'creating') return placeVolume(control, stored)
  if (isFromBefore(volume)) return adoptVolume(control, stored)
  const step = volumeStep(volume, control)
  switch (step.kind) {
    case 'wait':
      return false
    case 'move':
      return move(control, stored, step.to)
    case 'remove':
      return control.inTurn(() => remove(control, stored))
  }
}

function move(control: Control, stored: Stored<Volume>, to: VolumeState): Promise<boolean> {
  const { id } = stored.value
  const reason = to.kind === 'error' ? { reason: to.reason } : {}
  return commit(
    control,
    {
      compare: [unchanged(stored)],
      success: [putRecord(volumeKind, id, moveVolume(stored.value, to))],
    },
    { volume: id, ...reason },
    `volume is ${to.kind}`,
  )
}

/** What was promised is given back, and the members must still be those that forgot the blocks. */
async function remove(control: Control, stored: Stored<Volume>): Promise<boolean> {
  const { store, cell, mirror } = control
  const { id, name, placementGroups, sizeBytes } = stored.value
  const compare = [unchanged(stored)]
  const success = [deleteKey(stored.key), deleteKey(volumeNamePrefix + name)]
  const { entry } = await store.get(volumeMapPrefix + id)
  if (entry) {
    const { ledger, usageOf } = await readUsage(store, placementGroups)
    const shares = sharesOf(unpackExtentMap(entry.value), sizeBytes / cell.extentBytes)
    const change = [...shares].map(([group, share]) => {
      return [group, { bytes: -share * cell.extentBytes, volumes: -1 }] as const
    })
    const groups = placementGroups.flatMap(
      (group) => mirror.placementGroups.get(placementGroupName(group)) ?? [],
    )
    compare.push(ledger.compare, ...groups.map(unchanged))
    success.push(
      ledger.operation,
      ...changeUsage(new Map(change), usageOf),
      deleteKey(volumeMapPrefix + id),
    )
  }
  return commit(control, { compare, success }, { volume: id }, 'volume is deleted')
}
