/**
 * Which nodes join which groups next: members that were lost and are back, others in place of those
 * that stay away or are drained, and what brings the cell into balance.
 *
 * A pure function of what is there, so a plan may be made anew at any time.
 */
import type { Group } from '../../placement/group.ts'
import { type Move, planMoves } from '../../placement/plan-moves.ts'
import {
  defaultSettings,
  type PlacedNode,
  type PlacementSettings,
} from '../../placement/topology.ts'
import { inSyncOf, type LostMember, type PlacementGroup } from '../model/placement-group.ts'
import { stayingOf } from './change.ts'

export interface PlannedNode extends PlacedNode {
  readonly alive: boolean
  /** Since it was last heard. */
  readonly silentMs: number
  readonly draining: boolean
  /** It has room for what rebuilds bring, its disks are good, and others can reach it. */
  readonly canTake: boolean
}

export interface JoinSettings {
  readonly rebuildDelayMs: number
  /** How many members of groups may join at a time, in the whole cell. */
  readonly joiningMax: number
  readonly placement?: Partial<PlacementSettings>
}

export type JoinKind = 'return' | 'replace' | 'drain' | 'rebalance'

export interface Join {
  readonly group: number
  readonly node: string
  /** Who leaves when it has joined. */
  readonly leaves: string | undefined
  readonly kind: JoinKind
}

export interface JoinPlan {
  /** The most urgent first, no more than may begin now. */
  readonly joins: readonly Join[]
  /** What other groups wait for, as sentences. */
  readonly waits: ReadonlyMap<number, string>
}

export interface PlanInput {
  readonly groups: readonly PlacementGroup[]
  readonly nodes: readonly PlannedNode[]
  /** False while the group backs off after failures. */
  mayJoin(group: number): boolean
  readonly nowMs: number
  readonly settings: JoinSettings
}

export function planJoins(input: PlanInput): JoinPlan {
  const { groups, settings } = input
  const waits = new Map<number, string>(groups.flatMap((group) => awaitedSince(group, input)))
  const joining = groups.flatMap(({ members }) => members.filter(isJoining)).length
  const wanted = [...planReturns(input), ...planReplacements(input, waits)]
  const byNumber = new Map(groups.map((group) => [group.number, group]))
  const copiesLeft = ({ group }: Join) => inSyncOf(byNumber.get(group) ?? noMembers).length
  const order = (join: Join) => urgency.indexOf(join.kind)
  wanted.sort((a, b) => rankOf(a, order) - rankOf(b, order) || copiesLeft(a) - copiesLeft(b))
  const joins: Join[] = []
  const taken = new Set<number>()
  for (const join of wanted) {
    if (taken.has(join.group)) continue
    taken.add(join.group)
    if (!input.mayJoin(join.group)) {
      waits.set(join.group, 'Waits a while, as joining it has failed before.')
    } else if (joining + joins.length >= settings.joiningMax) {
      waits.set(join.group, `Waits for others: ${settings.joiningMax} members join at a time.`)
    } else joins.push(join)
  }
  return { joins, waits }
}

const noMembers = { members: [] }
const urgency: readonly JoinKind[] = ['return', 'replace', 'drain', 'rebalance']
/** Whatever mends redundancy goes before what only moves it. */
const rankOf = (join: Join, order: (join: Join) => number): number => Math.max(1, order(join))

const isJoining = ({ role }: { readonly role: string }): boolean => role === 'joining'

/** What groups wait for whose lost members may come back. */
function awaitedSince(group: PlacementGroup, { nodes, settings, nowMs }: PlanInput) {
  const [first] = group.lost ?? []
  const untilMs = Date.parse(first?.since ?? '') + settings.rebuildDelayMs
  if (!first || stayingOf(group).length >= group.copies || nowMs >= untilMs) return []
  if (nodes.some(({ name, alive }) => name === first.node && alive)) return []
  const until = new Date(untilMs).toISOString()
  return [[group.number, `Waits until ${until} for node ${first.node} to come back.`] as const]
}

/** Lost members that are back: most of what they need they have. */
function planReturns({ groups, nodes, nowMs }: PlanInput): Join[] {
  const able = new Map(
    nodes.filter((node) => node.alive && !node.draining).map((node) => [node.name, node]),
  )
  // One that stands still counts as alive for a while: it has to be heard after it was lost.
  const isBack = ({ node, since }: LostMember) =>
    nowMs - (able.get(node)?.silentMs ?? Number.POSITIVE_INFINITY) > Date.parse(since)
  return groups.flatMap((group): Join[] => {
    if (stayingOf(group).length >= group.copies) return []
    const isMember = (name: string) => group.members.some(({ node }) => node === name)
    const back = (group.lost ?? []).find((one) => isBack(one) && !isMember(one.node))
    if (!back) return []
    return [{ group: group.number, node: back.node, leaves: undefined, kind: 'return' }]
  })
}

function planReplacements(input: PlanInput, waits: Map<number, string>): Join[] {
  const { groups, nodes, settings } = input
  const draining = new Set(nodes.filter((node) => node.draining).map(({ name }) => name))
  const isAwaited = awaitingIn(input, draining)
  const shown = groups.map((group) => showToPlacement(group, isAwaited))
  const isShort = ({ members, copies }: Group) =>
    members.length < copies || members.some((node) => draining.has(node))
  // In balance is what is whole: nothing moves for balance while anything is to be mended.
  const holding = new Set(shown.flatMap(({ members }) => members))
  const calm =
    nodes.every((node) => isAble(node) || !holding.has(node.name)) && !shown.some(isShort)
  if (!calm && !shown.some(isShort)) return []
  const topology = nodes.map(
    (node): PlacedNode => ({ ...node, state: isAble(node) ? 'in' : 'out' }),
  )
  const evenly = { ...defaultSettings, ...settings.placement }
  // Balance is not looked at while something is to be mended, as that takes most of the time.
  const placement = calm ? evenly : { ...evenly, tolerance: Number.POSITIVE_INFINITY }
  const { moves, stuck } = planMoves(topology, shown, placement)
  const short = new Set(shown.filter(isShort).map(({ number }) => number))
  for (const { group, reason } of stuck) if (short.has(group)) waits.set(group, reason)
  const byNumber = new Map(groups.map((group) => [group.number, group]))
  return moves.flatMap((move): Join[] => {
    const kind = kindOf(move, draining, calm)
    const group = byNumber.get(move.group)
    if (kind === undefined || !group || group.members.some(isJoining)) return []
    // One that shall be a member and is has nothing to join; one that was to leave stays.
    if (stayingOf(group).some(({ node }) => node === move.to)) return []
    return [{ group: move.group, node: move.to, leaves: move.from, kind }]
  })
}

const isAble = (node: PlannedNode): boolean => node.alive && !node.draining && node.canTake

type IsAwaited = (lost: LostMember) => boolean

/** Whether a lost member may still come back before another one takes its place. */
function awaitingIn(
  { nodes, nowMs, settings }: PlanInput,
  draining: ReadonlySet<string>,
): IsAwaited {
  const known = new Set(nodes.map(({ name }) => name))
  return ({ node, since }) =>
    known.has(node) && !draining.has(node) && nowMs - Date.parse(since) < settings.rebuildDelayMs
}

/** Lost members count as long as they are waited for, and those that leave do not. */
function showToPlacement(group: PlacementGroup, isAwaited: IsAwaited): Group {
  const { number, copies, primary, lost = [] } = group
  const staying = stayingOf(group).map(({ node }) => node)
  const awaited = lost.filter((one) => !staying.includes(one.node) && isAwaited(one))
  const members = [...staying, ...awaited.map(({ node }) => node)].slice(0, copies)
  return { number, copies, primary, members, extents: 0 }
}

function kindOf(
  { from, reason }: Move,
  draining: ReadonlySet<string>,
  calm: boolean,
): JoinKind | undefined {
  if (from === undefined) return 'replace'
  if (draining.has(from)) return 'drain'
  // A node that is silent or full is out for placement, and yet keeps what it has.
  return calm && (reason === 'even' || reason === 'apart') ? 'rebalance' : undefined
}
