/** Gives a volume that waits for it its place. */
import type { Control } from '../control.ts'
import { findPlace } from '../find-place.ts'
import { putRecord, type Stored, unchanged } from '../model/record.ts'
import { moveVolume, type Volume, volumeKind } from '../model/volume.ts'
import { commit } from './commit.ts'

/** True when it was placed, or waits for something else now. */
export function placeVolume(control: Control, stored: Stored<Volume>): Promise<boolean> {
  return control.inTurn(async () => {
    const place = await findPlace(control, stored.value)
    if (place.kind !== 'found') return sayWhy(control, stored, place.reason)
    const placed = {
      ...moveVolume(stored.value, { kind: 'available' }),
      placementGroups: place.placementGroups,
      home: place.home,
    }
    return commit(
      control,
      {
        compare: [unchanged(stored), ...place.compare],
        success: [putRecord(volumeKind, placed.id, placed), ...place.operations],
      },
      { volume: placed.id, node: place.home },
      'volume is placed',
    )
  })
}

async function sayWhy(control: Control, stored: Stored<Volume>, reason: string): Promise<boolean> {
  const { id, state } = stored.value
  if (state.kind !== 'creating' || state.reason === reason) return false
  const waiting: Volume = { ...stored.value, state: { kind: 'creating', reason } }
  return commit(
    control,
    { compare: [unchanged(stored)], success: [putRecord(volumeKind, id, waiting)] },
    { volume: id, reason },
    'volume waits for its place',
  )
}
