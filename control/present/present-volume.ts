/** A volume as the API shows it: its record, and why it waits. */
import type { Control } from '../control.ts'
import type { VolumeBody } from '../http/schemas/volume.ts'
import { subsystemNqnOf } from '../model/nqn.ts'
import { attachmentIdOfVolume, type Volume } from '../model/volume.ts'
import { type Surroundings, volumeStep } from '../reconcile/volume-step.ts'

export function presentVolume(
  { cell, fleet, mirror }: Pick<Control, 'cell' | 'fleet' | 'mirror'>,
  volume: Volume,
): VolumeBody {
  const reason = reasonOf(volume, { fleet, mirror })
  const attachmentId = attachmentIdOfVolume(volume)
  return {
    id: volume.id,
    name: volume.name,
    sizeBytes: volume.sizeBytes,
    copies: volume.copies,
    labels: volume.labels,
    uuid: volume.uuid,
    subsystemNqn: subsystemNqnOf(cell.nqnPrefix, volume.id),
    state: volume.state.kind,
    ...(reason !== undefined && { reason }),
    ...(volume.home !== undefined && { node: volume.home }),
    ...(attachmentId !== undefined && { attachmentId }),
    createdAt: volume.createdAt,
  }
}

function reasonOf(volume: Volume, around: Surroundings): string | undefined {
  const step = volumeStep(volume, around)
  if (step.kind === 'wait' && step.reason !== undefined) return step.reason
  return volume.state.kind === 'error' ? volume.state.reason : undefined
}
