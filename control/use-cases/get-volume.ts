/** Gets a volume by its id or name. */
import type { Control } from '../control.ts'
import type { VolumeBody } from '../http/schemas/volume.ts'
import { presentVolume } from '../present/present-volume.ts'
import { getStoredVolume } from './volume-rules.ts'

export async function getVolume(control: Control, idOrName: string): Promise<VolumeBody> {
  return presentVolume(control, (await getStoredVolume(control, idOrName)).value)
}
