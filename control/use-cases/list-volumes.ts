/** Lists volumes by id, which is the order they were made in. */
import type { Control } from '../control.ts'
import type { VolumeListBody, VolumeListQuery } from '../http/schemas/volume.ts'
import { findVolume, type Volume, volumeKind } from '../model/volume.ts'
import { presentVolume } from '../present/present-volume.ts'
import { readPage } from './read-page.ts'

export async function listVolumes(
  control: Control,
  query: VolumeListQuery,
): Promise<VolumeListBody> {
  const wanted = (volume: Volume) => matches(volume, query)
  if (query.name !== undefined) {
    const found = await findVolume(control.store, query.name)
    const named = found && found.value.name === query.name && wanted(found.value)
    return { items: named ? [presentVolume(control, found.value)] : [] }
  }
  const { items, ...next } = await readPage(control.store, volumeKind, query, wanted)
  return { items: items.map(({ value }) => presentVolume(control, value)), ...next }
}

function matches(volume: Volume, { state, label = [] }: VolumeListQuery): boolean {
  if (state !== undefined && volume.state.kind !== state) return false
  return label.every((text) => {
    const at = text.indexOf('=')
    const key = at < 0 ? text : text.slice(0, at)
    return (
      Object.hasOwn(volume.labels, key) && (at < 0 || volume.labels[key] === text.slice(at + 1))
    )
  })
}
