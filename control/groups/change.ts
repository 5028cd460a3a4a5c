/** Changes of a group's configuration, each to the next epoch, and the rules none may break. */
import { type GroupMember, inSyncOf, type PlacementGroup } from '../model/placement-group.ts'

/** A sentence on which rule `after` breaks as what follows on `before`; undefined: none. */
export function brokenRule(before: PlacementGroup, after: PlacementGroup): string | undefined {
  const wasInSync = new Set(inSyncOf(before).map(({ node }) => node))
  const isInSync = new Set(inSyncOf(after).map(({ node }) => node))
  if (after.number !== before.number) return 'It is another group.'
  if (after.epoch !== before.epoch + 1) return 'Its epoch is not the next.'
  if (!isInSync.has(after.primary)) return 'Its primary is not in sync.'
  if (!wasInSync.has(after.primary)) return 'Its primary was not in sync before.'
  if (new Set(after.members.map(({ node }) => node)).size !== after.members.length)
    return 'It names a node twice.'
  const wasMember = new Set(before.members.map(({ node }) => node))
  if ([...isInSync].some((node) => !wasMember.has(node))) return 'A new member is in sync at once.'
  if (after.members.some(({ node, role }) => role === 'joining' && wasInSync.has(node)))
    return 'A member in sync has to join again.'
  return undefined
}

type Change = Partial<Pick<PlacementGroup, 'primary' | 'members' | 'lost' | 'leaving'>>

/** The group under its next epoch; what the change makes needless is left out. */
export function nextEpoch(group: PlacementGroup, change: Change, reason: string): PlacementGroup {
  const { lost = [], leaving = [], ...rest } = { ...group, ...change }
  const { members } = rest
  const inSync = new Set(inSyncOf({ members }).map(({ node }) => node))
  const isMember = new Set(members.map(({ node }) => node))
  const { reason: _, ...kept } = rest
  const stillLeaving = leaving.filter((node) => isMember.has(node))
  const isWhole = inSyncOf({ members: stayingOf({ members, leaving }) }).length >= group.copies
  const stillLost = isWhole ? [] : lost.filter(({ node }) => !inSync.has(node))
  return {
    ...kept,
    epoch: group.epoch + 1,
    ...(stillLost.length > 0 && { lost: stillLost }),
    ...(stillLeaving.length > 0 && { leaving: stillLeaving }),
    reason,
  }
}

/** Without these members; they may come back, unless they were to leave. */
export function without(group: PlacementGroup, nodes: readonly string[], now: string): Change {
  const { members, lost = [], leaving = [] } = group
  const known = new Set(lost.map(({ node }) => node))
  const newly = nodes.filter((node) => !known.has(node) && !leaving.includes(node))
  return {
    members: members.filter(({ node }) => !nodes.includes(node)),
    lost: [...lost, ...newly.map((node) => ({ node, since: now }))],
  }
}

export function inRole(
  members: readonly GroupMember[],
  name: string,
  role: GroupMember['role'],
  now: string,
): readonly GroupMember[] {
  const others = members.filter(({ node }) => node !== name)
  return [...others, { node: name, role, since: now }]
}

/** Members that stay: all that are not to leave. */
export const stayingOf = ({
  members,
  leaving = [],
}: Pick<PlacementGroup, 'members' | 'leaving'>): readonly GroupMember[] =>
  members.filter(({ node }) => !leaving.includes(node))
