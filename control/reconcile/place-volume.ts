/** Gives a volume that waits for it its place. */
import type { Control } from '../control.ts'
import { findPlace } from '../find-place.ts'
import { putRecord, type Stored, unchanged } from '../model/record.ts'
import { moveVolume, type Volume, volumeKind } from '../model/volume.ts'
import { commit } from './commit.ts'

/** True when it was placed. */
export function placeVolume(control: Control, stored: Stored<Volume>): Promise<boolean> {
  return control.inTurn(async () => {
    const place = await findPlace(control, stored.value)
    if (place.kind !== 'found') return false
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
