/** Extent maps of volumes as sessions need them: read once, and again only when a volume grew. */
import type { MetadataStore } from '../metadata/metadata.ts'
import { unpackExtentMap } from '../model/extent-map.ts'
import { type Volume, volumeMapPrefix } from '../model/volume.ts'

export interface VolumeMap {
  readonly packed: Buffer
  /** Numbers of the placement groups in it, each once. */
  readonly groups: readonly number[]
}

export interface VolumeMaps {
  /** Undefined while there is none yet for the volume's size. */
  of(volume: Volume): Promise<VolumeMap | undefined>
  /** Forgets all but these volumes. */
  keep(ids: ReadonlySet<string>): void
}

export function createVolumeMaps(store: MetadataStore, extentBytes: number): VolumeMaps {
  // An extent keeps its group for good: a map of the same length is the same.
  const known = new Map<string, VolumeMap>()
  return {
    async of({ id, sizeBytes }) {
      const bytes = Math.ceil(sizeBytes / extentBytes) * 4
      const before = known.get(id)
      if (before?.packed.length === bytes) return before
      const { entry } = await store.get(volumeMapPrefix + id)
      // A map that was read later than the volume may have grown since.
      if (!entry || entry.value.length < bytes) return undefined
      const packed = Buffer.from(entry.value.subarray(0, bytes))
      const map = { packed, groups: [...new Set(unpackExtentMap(packed))] }
      known.set(id, map)
      return map
    },
    keep(ids) {
      for (const id of known.keys()) if (!ids.has(id)) known.delete(id)
    },
  }
}
