/** Compares a volume with what the members of its placement groups say. */
import { unservedReason } from '../groups/group-state.ts'
import { blockBytes } from '../model/cell.ts'
import { inSyncOf, type PlacementGroup } from '../model/placement-group.ts'
import {
  attachmentIdOfVolume,
  isFromBefore,
  type Volume,
  type VolumeState,
} from '../model/volume.ts'
import { groupsOf, holdersOf, type MirroredGroups } from '../model/volume-groups.ts'
import type { Fleet } from '../session/fleet.ts'
import { lastingFault, silence } from './node-fault.ts'
import { type Step, wait } from './step.ts'

/** What a volume's step is decided on beside the volume. */
export interface Surroundings {
  readonly fleet: Fleet
  readonly mirror: MirroredGroups
}

export function volumeStep(volume: Volume, around: Surroundings): Step<VolumeState> {
  if (isFromBefore(volume)) return wait('Its placement groups are being looked up.')
  switch (volume.state.kind) {
    case 'creating':
      return wait(volume.state.reason ?? 'Waits for nodes that are alive and have room.')
    case 'deleting':
      return deletingStep(volume, around)
    case 'available':
    case 'in-use':
    case 'error':
      return volume.home === undefined ? wait() : placedStep(volume, around)
  }
}

function deletingStep(volume: Volume, { fleet, mirror }: Surroundings): Step<VolumeState> {
  for (const node of holdersOf(volume, mirror)) {
    const silent = silence(fleet, node)
    if (silent) return wait(silent)
    const seen = fleet.view(node)?.observed?.volumes.get(volume.number)
    if (seen?.state === 'FAILED') return wait(`Node ${node} cannot forget it yet: ${seen.reason}`)
    if (seen?.state !== 'DELETED') return wait(`Waits for node ${node} to forget its blocks.`)
  }
  return { kind: 'remove' }
}

function placedStep(volume: Volume, around: Surroundings): Step<VolumeState> {
  const { state } = volume
  const groups = groupsOf(volume, around.mirror)
  const fault = outOfReach(groups, (node) => lastingFault(around.fleet, node))
  const attachmentId = attachmentIdOfVolume(volume)
  if (fault !== undefined) {
    if (state.kind === 'error' && state.reason === fault) return wait()
    const attached = attachmentId === undefined ? {} : { attachmentId }
    return { kind: 'move', to: { kind: 'error', reason: fault, ...attached } }
  }
  if (state.kind === 'error') {
    // Healed is what is heard to be: a node that was gone has to be back first.
    const silent = outOfReach(groups, (node) => silence(around.fleet, node))
    if (silent) return wait(silent)
    return {
      kind: 'move',
      to: attachmentId === undefined ? { kind: 'available' } : { kind: 'in-use', attachmentId },
    }
  }
  if (state.kind !== 'in-use') return wait()
  return wait(growthReason(volume, around.fleet) ?? unservedReason(groups, around.fleet))
}

/**
 * Why a part of a volume has no copy that can be served: what is wrong with each in-sync member of
 * the first group all of whose have something wrong.
 */
function outOfReach(
  groups: readonly PlacementGroup[],
  wrongWith: (node: string) => string | undefined,
): string | undefined {
  for (const group of groups) {
    const faults = inSyncOf(group).map(({ node }) => wrongWith(node))
    if (!faults.includes(undefined)) return faults.join(' ')
  }
  return undefined
}

function growthReason({ number, sizeBytes, home }: Volume, fleet: Fleet): string | undefined {
  const seen = home === undefined ? undefined : fleet.view(home)?.observed?.volumes.get(number)
  if (seen?.state !== 'ATTACHED' || seen.blockCount === sizeBytes / blockBytes) return undefined
  return `Waits for node ${home} to show hosts the new size.`
}
