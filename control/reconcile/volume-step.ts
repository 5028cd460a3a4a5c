/** Compares a volume with what its home says of it. */
import { blockBytes } from '../model/cell.ts'
import { attachmentIdOfVolume, type Volume, type VolumeState } from '../model/volume.ts'
import type { Fleet } from '../session/fleet.ts'
import { lastingFault, silence } from './node-fault.ts'
import { type Step, wait } from './step.ts'

export function volumeStep(volume: Volume, fleet: Fleet): Step<VolumeState> {
  const { state, home } = volume
  switch (state.kind) {
    case 'creating':
      return wait('Waits for a node that is alive and has room.')
    case 'deleting':
      return home === undefined ? { kind: 'remove' } : deletingStep(volume, home, fleet)
    case 'available':
    case 'in-use':
    case 'error':
      return home === undefined ? wait() : placedStep(volume, home, fleet)
  }
}

function deletingStep({ number }: Volume, home: string, fleet: Fleet): Step<VolumeState> {
  const silent = silence(fleet, home)
  if (silent) return wait(silent)
  const seen = fleet.view(home)?.observed?.volumes.get(number)
  if (seen?.state === 'DELETED') return { kind: 'remove' }
  if (seen?.state === 'FAILED') return wait(`Node ${home} cannot forget it yet: ${seen.reason}`)
  return wait(`Waits for node ${home} to forget its blocks.`)
}

function placedStep(volume: Volume, home: string, fleet: Fleet): Step<VolumeState> {
  const { state } = volume
  const fault = lastingFault(fleet, home)
  const attachmentId = attachmentIdOfVolume(volume)
  if (fault !== undefined) {
    if (state.kind === 'error' && state.reason === fault) return wait()
    const attached = attachmentId === undefined ? {} : { attachmentId }
    return { kind: 'move', to: { kind: 'error', reason: fault, ...attached } }
  }
  if (state.kind === 'error') {
    // Healed is what is heard to be: a node that was gone has to be back first.
    const silent = silence(fleet, home)
    if (silent) return wait(silent)
    return {
      kind: 'move',
      to: attachmentId === undefined ? { kind: 'available' } : { kind: 'in-use', attachmentId },
    }
  }
  return wait(state.kind === 'in-use' ? growthReason(volume, home, fleet) : undefined)
}

function growthReason(
  { number, sizeBytes }: Volume,
  home: string,
  fleet: Fleet,
): string | undefined {
  const seen = fleet.view(home)?.observed?.volumes.get(number)
  if (seen?.state !== 'ATTACHED' || seen.blockCount === sizeBytes / blockBytes) return undefined
  return `Waits for node ${home} to show hosts the new size.`
}
