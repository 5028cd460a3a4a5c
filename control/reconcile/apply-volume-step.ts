/** Writes what a volume's step says, unless the volume has changed meanwhile. */
import type { Control } from '../control.ts'
import { putUsage, readUsage } from '../model/node-usage.ts'
import { deleteKey, putRecord, type Stored, unchanged } from '../model/record.ts'
import {
  moveVolume,
  type Volume,
  type VolumeState,
  volumeKind,
  volumeMapPrefix,
  volumeNamePrefix,
} from '../model/volume.ts'
import { commit } from './commit.ts'
import { placeVolume } from './place-volume.ts'
import { volumeStep } from './volume-step.ts'

/** True when something was done. */
export async function applyVolumeStep(control: Control, stored: Stored<Volume>): Promise<boolean> {
  const { value: volume } = stored
  if (volume.state.kind === 'creating') return placeVolume(control, stored)
  const step = volumeStep(volume, control.fleet)
  switch (step.kind) {
    case 'wait':
      return false
    case 'move':
      return move(control, stored, step.to)
    case 'remove':
      return remove(control, stored)
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

async function remove(control: Control, stored: Stored<Volume>): Promise<boolean> {
  const { id, name, home, sizeBytes } = stored.value
  const usage = home === undefined ? undefined : await readUsage(control.store, home)
  const compare = [unchanged(stored)]
  const success = [deleteKey(stored.key), deleteKey(volumeNamePrefix + name)]
  if (home !== undefined && usage !== undefined) {
    compare.push(unchanged(usage))
    const provisionedBytes = usage.value.provisionedBytes - sizeBytes
    success.push(
      deleteKey(volumeMapPrefix + id),
      putUsage(home, { provisionedBytes, volumes: usage.value.volumes - 1 }),
    )
  }
  return commit(control, { compare, success }, { volume: id }, 'volume is deleted')
}
