/** How a placement group is, in one word. */
import { inSyncOf, type PlacementGroup } from '../model/placement-group.ts'
import type { Fleet } from '../session/fleet.ts'
import { stayingOf } from './change.ts'

/** From good to bad. */
export const groupStates = [
  'healthy',
  'moving',
  'rebuilding',
  'degraded',
  'read-only',
  'down',
] as const
export type GroupState = (typeof groupStates)[number]

export const groupStateMeanings =
  'healthy: as many copies as wanted. moving: that, and a member changes its place. rebuilding: ' +
  'a copy is missing and being made. degraded: a copy is missing. read-only: too few copies for ' +
  'writes. down: its primary does not serve it, as far as control is told.'

/** Its primary says that it serves. */
export function isServed({ number, primary }: PlacementGroup, fleet: Fleet): boolean {
  const seen = fleet.view(primary)?.observed?.groups.get(number)
  return fleet.health(primary) === 'alive' && seen?.serving === true
}

export function groupState(group: PlacementGroup, fleet: Fleet): GroupState {
  if (!isServed(group, fleet)) return 'down'
  const { members, copies, minInSync, leaving = [] } = group
  const inSync = inSyncOf(group).length
  if (inSync < minInSync) return 'read-only'
  const isFilling = members.some(({ role }) => role === 'joining')
  if (inSync < copies) return isFilling ? 'rebuilding' : 'degraded'
  return isFilling || leaving.length > 0 ? 'moving' : 'healthy'
}

/** Members that are in sync and stay are fewer than they shall be. */
export const isShort = (group: PlacementGroup): boolean =>
  inSyncOf({ members: stayingOf(group) }).length < group.copies

/** Why a volume in these groups is not read or written everywhere; undefined: it is. */
export function unservedReason(
  groups: readonly PlacementGroup[],
  fleet: Fleet,
): string | undefined {
  for (const group of groups) {
    const { number, primary, minInSync } = group
    const state = groupState(group, fleet)
    if (state === 'down')
      return `Operations wait for placement group ${number}, which node ${primary} does not serve.`
    if (state === 'read-only')
      return `Writes wait for placement group ${number} to have ${minInSync} copies in sync.`
  }
  return undefined
}
