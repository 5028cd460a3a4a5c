/**
 * What follows on a group's configuration, from what its members say and what control sees.
 *
 * A pure function, asked again after every change of anything: it decides on one step at a time. In
 * doubt it leaves a configuration as it is: members guard what is written, control only says who
 * they are. Who joins is decided elsewhere, as that is a matter of the whole cell.
 */
import { choosePrimary } from '../../placement/plan-primaries.ts'
import { inSyncOf, type PlacementGroup } from '../model/placement-group.ts'
import { inRole, nextEpoch, stayingOf, without } from './change.ts'
import type { GroupView, MemberReport } from './group-view.ts'

export interface GroupSettings {
  /** A primary that control has not heard for so long hands over, if another one can lead. */
  readonly awayAfterMs: number
  /** How long a primary that suspects everybody waits for what they say. */
  readonly settleMs: number
}

type Rule = (
  group: PlacementGroup,
  view: GroupView,
  settings: GroupSettings,
) => PlacementGroup | undefined

/** Undefined: it stays as it is. The reason is in what is answered. */
export function nextConfiguration(
  group: PlacementGroup,
  view: GroupView,
  settings: GroupSettings,
): PlacementGroup | undefined {
  for (const rule of rules) {
    const next = rule(group, view, settings)
    if (next) return next
  }
  return undefined
}

interface Suspicions {
  /** Other members that the primary, or their own node, says are lost. */
  readonly accused: readonly MemberReport[]
  /** What members in sync say of the primary. */
  readonly against: readonly MemberReport[]
}

function suspicionsOf(group: PlacementGroup, { reports }: GroupView): Suspicions {
  const isMember = (name: string) => group.members.some(({ node }) => node === name)
  const inSync = new Set(inSyncOf(group).map(({ node }) => node))
  const suspects = reports.filter(
    ({ kind, about }) => kind === 'SUSPECT' && about !== undefined && isMember(about),
  )
  return {
    accused: suspects.filter(
      ({ by, about }) => about !== group.primary && (by === group.primary || by === about),
    ),
    against: suspects.filter(({ by, about }) => about === group.primary && inSync.has(by)),
  }
}

/** Members that are lost go; where it is the primary, another one leads. */
function dropLost(group: PlacementGroup, view: GroupView, settings: GroupSettings) {
  const { accused, against } = suspicionsOf(group, view)
  if (against.length > 0 && !isContested(group, accused, against))
    return replacePrimary(group, view, accused, against)
  if (accused.length === 0 || mustSettle(group, view, accused, settings)) return undefined
  const [first] = accused
  const names = [...new Set(accused.map(({ about }) => about as string))]
  const reason = `${sayLost(names, first?.reason ?? '')}, as ${first?.by} says.`
  return nextEpoch(group, without(group, names, view.now), reason)
}

/** The primary suspects those who suspect it, and they are no majority: it stays. */
function isContested(
  group: PlacementGroup,
  accused: readonly MemberReport[],
  against: readonly MemberReport[],
): boolean {
  const accusers = new Set(against.map(({ by }) => by))
  if (accusers.has(group.primary)) return false
  const suspected = new Set(accused.map(({ about }) => about))
  return (
    [...accusers].every((node) => suspected.has(node)) &&
    2 * accusers.size <= inSyncOf(group).length
  )
}

/** A primary that loses all others at once may be the one that is cut off: they are listened to. */
function mustSettle(
  group: PlacementGroup,
  view: GroupView,
  accused: readonly MemberReport[],
  { settleMs }: GroupSettings,
): boolean {
  const suspected = new Set(accused.map(({ about }) => about))
  const backups = inSyncOf(group).filter(({ node }) => node !== group.primary)
  if (backups.length < 2 || !backups.every(({ node }) => suspected.has(node))) return false
  if (!backups.some(({ node }) => view.member(node).alive)) return false
  return view.nowMs - Math.min(...accused.map(({ firstHeardMs }) => firstHeardMs)) < settleMs
}

function replacePrimary(
  group: PlacementGroup,
  view: GroupView,
  accused: readonly MemberReport[],
  against: readonly MemberReport[],
): PlacementGroup | undefined {
  const primary = findPrimary(group, view)
  if (primary === undefined) return undefined
  // Who has no session either would only hold the new primary up.
  const gone = accused
    .map(({ about }) => about as string)
    .filter((node) => node !== primary && !view.member(node).alive)
  const names = [...new Set([group.primary, ...gone])]
  const reason = `${sayLost(names, against[0]?.reason ?? '')}; ${primary} leads.`
  return nextEpoch(group, { ...without(group, names, view.now), primary }, reason)
}

const sayLost = (names: readonly string[], reason: string): string =>
  `${names.length === 1 ? 'Member' : 'Members'} ${names.join(' and ')} lost` +
  (reason === '' ? '' : ` (${reason})`)

/** Another member in sync that can lead: one that stays, if there is any. */
function findPrimary(group: PlacementGroup, view: GroupView): string | undefined {
  const failed = new Set(
    view.reports.filter(({ kind, by, about }) => kind === 'SUSPECT' && by === about).map(byOf),
  )
  const able = inSyncOf(group)
    .map(({ node }) => node)
    .filter((node) => {
      const { alive, observed } = view.member(node)
      const works = alive && observed?.state !== 'closed' && !failed.has(node)
      return node !== group.primary && works
    })
  const staying = able.filter(
    (node) => !view.member(node).draining && !(group.leaving ?? []).includes(node),
  )
  return choosePrimary(staying.length > 0 ? staying : able, view.served)
}

const byOf = ({ by }: MemberReport): string => by

/** Control does not hear the primary: its peers may, so it stays a member. */
function replaceAway(group: PlacementGroup, view: GroupView, { awayAfterMs }: GroupSettings) {
  const { alive, silentMs } = view.member(group.primary)
  if (alive || silentMs < awayAfterMs) return undefined
  const primary = findPrimary(group, view)
  if (primary === undefined) return undefined
  const reason = `Primary ${group.primary} is not heard any more; ${primary} leads.`
  return nextEpoch(group, { primary }, reason)
}

function grantEpoch(group: PlacementGroup, view: GroupView) {
  const asks = view.reports.some(({ kind, by }) => kind === 'WANTS_EPOCH' && by === group.primary)
  if (!asks) return undefined
  const goes = isLeaving(group, view, group.primary)
  const primary = (goes ? findPrimary(group, view) : undefined) ?? group.primary
  return nextEpoch(group, { primary }, `Primary ${group.primary} began anew.`)
}

function takeLevel(group: PlacementGroup, view: GroupView) {
  const joining = group.members.find(
    ({ node, role }) =>
      role === 'joining' &&
      view.reports.some(
        ({ kind, by, about }) => kind === 'LEVEL' && by === group.primary && about === node,
      ),
  )
  if (!joining) return undefined
  const members = inRole(group.members, joining.node, 'in-sync', view.now)
  return nextEpoch(group, { members }, `Member ${joining.node} is level.`)
}

const isLeaving = (group: PlacementGroup, view: GroupView, node: string): boolean =>
  view.member(node).draining || (group.leaving ?? []).includes(node)

/** A primary that is to leave hands over as soon as one that stays can lead. */
function handOver(group: PlacementGroup, view: GroupView) {
  if (!isLeaving(group, view, group.primary)) return undefined
  const primary = findPrimary(group, view)
  if (primary === undefined || isLeaving(group, view, primary)) return undefined
  return nextEpoch(group, { primary }, `Primary ${group.primary} is to leave; ${primary} leads.`)
}

/** Who is to leave goes when there are enough without it, and the primary serves. */
function letGo(group: PlacementGroup, view: GroupView) {
  const { leaving = [] } = group
  const staying = inSyncOf({ members: stayingOf(group) })
  const primary = view.member(group.primary).observed
  if (leaving.length === 0 || leaving.includes(group.primary)) return undefined
  if (staying.length < group.copies || primary?.epoch !== group.epoch || !primary.serving)
    return undefined
  const members = stayingOf(group)
  return nextEpoch(group, { members }, `Member ${leaving.join(' and ')} has left: others have all.`)
}

/** One more than wanted: it joined for one that stayed after all. */
function dropSurplus(group: PlacementGroup, view: GroupView) {
  const staying = stayingOf(group)
  const primary = view.member(group.primary).observed
  if (staying.length <= group.copies || primary?.epoch !== group.epoch || !primary.serving)
    return undefined
  const inSync = staying.filter(({ role }) => role === 'in-sync')
  if (inSync.length < group.copies) return undefined
  const last = staying.findLast(({ node, role }) => role === 'joining' && node !== group.primary)
  const goes = last ?? inSync.findLast(({ node }) => node !== group.primary)
  if (!goes) return undefined
  const members = group.members.filter(({ node }) => node !== goes.node)
  return nextEpoch(group, { members }, `Member ${goes.node} is one more than wanted.`)
}

/** A member that joins and is away holds up its place; it loses nothing, as it never had all. */
function dropAwayJoining(group: PlacementGroup, view: GroupView, { awayAfterMs }: GroupSettings) {
  const away = group.members.find(({ node, role }) => {
    const { alive, silentMs } = view.member(node)
    return role === 'joining' && !alive && silentMs >= awayAfterMs
  })
  if (!away) return undefined
  const reason = `Member ${away.node} is not heard any more, and had not joined yet.`
  return nextEpoch(group, without(group, [away.node], view.now), reason)
}

const rules: readonly Rule[] = [
  dropLost,
  replaceAway,
  grantEpoch,
  takeLevel,
  handOver,
  letGo,
  dropSurplus,
  dropAwayJoining,
]
