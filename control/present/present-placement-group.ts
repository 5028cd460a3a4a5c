/** A placement group as the API shows it: its record, and what its members say. */
import type { Control } from '../control.ts'
import { groupState, isServed } from '../groups/group-state.ts'
import type { PlacementGroupBody } from '../http/schemas/placement-group.ts'
import { blockBytes } from '../model/cell.ts'
import { inSyncOf, type PlacementGroup } from '../model/placement-group.ts'

type Sources = Pick<Control, 'fleet' | 'groupNotes'>

export function presentPlacementGroup(sources: Sources, group: PlacementGroup): PlacementGroupBody {
  const { fleet, groupNotes } = sources
  const { number, epoch, copies, minInSync, primary, members, lost = [], leaving = [] } = group
  const seen = fleet.view(primary)?.observed?.groups.get(number)
  const waiting = members.map(({ node }) => fleet.view(node)?.observed?.groups.get(number)?.waiting)
  const reason = reasonOf(sources, group)
  const isFilling = members.some(({ role }) => role === 'joining')
  return {
    number,
    state: groupState(group, fleet),
    ...(reason !== undefined && { reason }),
    epoch,
    ...(group.reason !== undefined && { change: group.reason }),
    copies,
    minInSync,
    primary,
    serving: isServed(group, fleet),
    waitingOperations: waiting.reduce<number>((sum, each = 0) => sum + each, 0),
    members: members.map(({ node, role, since }) => ({
      node,
      role,
      ...(since !== '' && { since }),
      leaving: leaving.includes(node),
    })),
    lost: [...lost],
    ...(isFilling && {
      progress: {
        blocksLeft: seen?.blocksToCopy ?? 0,
        bytesPerSecond: groupNotes.blocksPerSecond(number) * blockBytes,
      },
    }),
  }
}

/** Why it is not as it shall be; undefined when it is. */
function reasonOf({ fleet, groupNotes }: Sources, group: PlacementGroup): string | undefined {
  const { number, primary, minInSync } = group
  if (fleet.health(primary) !== 'alive')
    return `Its primary ${primary} has not been heard for ${fleet.silentSeconds(primary)} s.`
  if (!isServed(group, fleet)) return `Waits for node ${primary} to lead it.`
  const inSync = inSyncOf(group).length
  if (inSync < minInSync) return `Writes wait for ${minInSync} copies in sync; there is ${inSync}.`
  return groupNotes.waitsFor(number)
}
