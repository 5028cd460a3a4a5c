/** Enters a volume of a release with one copy in what is promised, and notes its groups. */
import { sharesOf } from '../../placement/ledger.ts'
import type { Control } from '../control.ts'
import { unpackExtentMap } from '../model/extent-map.ts'
import { changeUsage, readUsage } from '../model/group-usage.ts'
import { putRecord, type Stored, unchanged } from '../model/record.ts'
import { type Volume, volumeKind, volumeMapPrefix } from '../model/volume.ts'
import { commit } from './commit.ts'

/** True when it was done. */
export function adoptVolume(control: Control, stored: Stored<Volume>): Promise<boolean> {
  const { store, cell } = control
  const { id, sizeBytes } = stored.value
  return control.inTurn(async () => {
    const { entry } = await store.get(volumeMapPrefix + id)
    if (!entry) throw new Error(`volume ${id} has no extent map`)
    const shares = sharesOf(unpackExtentMap(entry.value), sizeBytes / cell.extentBytes)
    const placementGroups = [...shares.keys()]
    const { ledger, usageOf } = await readUsage(store, placementGroups)
    const change = [...shares].map(([group, share]) => {
      return [group, { bytes: share * cell.extentBytes, volumes: 1 }] as const
    })
    return commit(
      control,
      {
        compare: [unchanged(stored), ledger.compare],
        success: [
          ledger.operation,
          putRecord(volumeKind, id, { ...stored.value, placementGroups }),
          ...changeUsage(new Map(change), usageOf),
        ],
      },
      { volume: id },
      'volume is taken over from a release with one copy',
    )
  })
}
