/** Says which members of groups go where, so that groups are whole, apart and even again. */
import type { Group } from './group.ts'
import {
  copysetName,
  copysetsOf,
  createLayout,
  fullness,
  join,
  type Layout,
  leave,
  partnersGained,
  type WorkingGroup,
} from './layout.ts'
import { seededRandom } from './random.ts'
import { type PlacedNode, type PlacementSettings, placementObstacle } from './topology.ts'

export interface Move {
  readonly group: number
  /** Undefined where a member is missing and nothing has to leave. */
  readonly from: string | undefined
  readonly to: string
  /**
   * `missing`: fewer members than copies; `out`: its node is out; `apart`: two members share a
   * rack, or a zone without need; `even`: nodes are too far from their fair shares.
   */
  readonly reason: 'missing' | 'out' | 'apart' | 'even'
}

export interface Stuck {
  readonly group: number
  readonly reason: string
}

export interface MovePlan {
  /** The most urgent first. Each can be made by itself; a group may be in more than one. */
  readonly moves: readonly Move[]
  /** Groups that need a member for which there is no node. */
  readonly stuck: readonly Stuck[]
}

/**
 * The least that has to move: first members that are missing, on nodes that are out, or too close
 * together, then as much as brings nodes that are out of tolerance to their fair shares. Nothing
 * when all is as it shall be, so the plan may be made anew after every move or event.
 */
export function planMoves(
  topology: readonly PlacedNode[],
  groups: readonly Group[],
  settings: PlacementSettings,
): MovePlan {
  const layout = createLayout(topology, groups, settings)
  const reasons = new Map<number, Move['reason']>()
  const stuck = repair(layout, reasons, settings)
  while (fillUnder(layout, settings) || relieveOver(layout, settings)) {
    // Each fills or relieves nodes towards their shares and makes none that is out of tolerance.
  }
  const moves = groups.flatMap((group, at) => {
    const reason = reasons.get(group.number) ?? 'even'
    return movesOf(layout, group, layout.groups[at] as WorkingGroup, reason)
  })
  const order = (move: Move) => urgency.indexOf(move.reason)
  const whole = new Map(groups.map(({ number, members }) => [number, members.length]))
  moves.sort((a, b) => order(a) - order(b) || (whole.get(a.group) ?? 0) - (whole.get(b.group) ?? 0))
  return { moves, stuck }
}

const urgency: readonly Move['reason'][] = ['missing', 'out', 'apart', 'even']

/** Gives every group members enough, apart, on nodes that are in; what cannot be stays. */
function repair(
  layout: Layout,
  reasons: Map<number, Move['reason']>,
  settings: PlacementSettings,
): Stuck[] {
  const stuck: Stuck[] = []
  // Groups of one copyset follow each other, to find partners again that they have just got.
  for (const same of copysetsOf(layout.groups).values())
    for (const group of same) {
      const kept = keptMembers(layout, group)
      const lost = group.members.filter((member) => !kept.includes(member))
      const missing = group.copies - group.members.length
      if (lost.length === 0 && missing <= 0) continue
      const isOut = lost.some((member) => !layout.isIn[member])
      reasons.set(group.number, missing > 0 ? 'missing' : isOut ? 'out' : 'apart')
      for (const member of lost) leave(layout, group, member)
      while (group.members.length < group.copies) {
        const node = findNode(layout, group, settings)
        if (node === undefined) break
        join(layout, group, node)
      }
      const lacking = group.copies - group.members.length
      if (lacking > 0) stuck.push({ group: group.number, reason: whyStuck(layout, group) })
      // Whoever finds no better place stays, close to another or on a node that is out.
      for (const member of lost.slice(0, lacking)) join(layout, group, member)
    }
  return stuck
}

/** Those that may stay: the primary first, then who has most room. */
function keptMembers(layout: Layout, group: WorkingGroup): number[] {
  const kept: number[] = []
  const first = (member: number) => (member === group.primary ? -1 : fullness(layout, member))
  for (const member of [...group.members].sort((a, b) => first(a) - first(b)))
    if (layout.isIn[member] && layout.separation.mayJoin(kept, member, group.copies))
      if (kept.length < group.copies) kept.push(member)
  return kept
}

function whyStuck(layout: Layout, group: WorkingGroup): string {
  const obstacle = placementObstacle(layout.nodes, group.copies as Group['copies'])
  return obstacle ?? 'Every node that is in shares a rack or a zone with another member.'
}

/**
 * The best node to join the group: first one that bounds allow, then the emptiest; a new
 * partnership counts as much as one more group of this size.
 */
function findNode(
  layout: Layout,
  group: WorkingGroup,
  { tolerance }: PlacementSettings,
): number | undefined {
  let best: number | undefined
  let bestCost = Number.POSITIVE_INFINITY
  layout.nodes.forEach((_, node) => {
    if (!layout.isIn[node]) return
    if (!layout.separation.mayJoin(group.members, node, group.copies)) return
    const { gained, beyond } = partnersGained(layout, group.members, node)
    const full = fullness(layout, node, group.load)
    const broken = (beyond ? 1 : 0) + (full > 1 + tolerance ? 2 : 0)
    const cost = broken * 1e6 + full + (gained * group.load) / (layout.target[node] ?? 1)
    if (cost >= bestCost) return
    best = node
    bestCost = cost
  })
  return best
}

/** Takes from the fullest for nodes that are too empty. Whether anything moved. */
function fillUnder(layout: Layout, { tolerance, seed }: PlacementSettings): boolean {
  const under = layout.nodes
    .map((_, node) => node)
    .filter((node) => layout.isIn[node] && fullness(layout, node) < 1 - tolerance)
    .sort((a, b) => fullness(layout, a) - fullness(layout, b))
  if (under.length === 0) return false
  const copysets = copysetsOf(layout.groups)
  const random = seededRandom(seed)
  let moved = false
  for (const node of under)
    while (takeFromEach({ layout, copysets, node, tolerance, random })) moved = true
  return moved
}

interface Taking {
  readonly layout: Layout
  readonly copysets: Map<string, WorkingGroup[]>
  readonly node: number
  readonly tolerance: number
  readonly random: () => number
}

interface Offer {
  readonly from: number
  readonly same: readonly WorkingGroup[]
  readonly score: number
}

/**
 * One turn of giving to `node`: the fullest first, nobody twice, groups of one copyset together so
 * that the copyset is replaced, where possible, and not split into more. Whether any was taken.
 */
function takeFromEach(taking: Taking): boolean {
  const { layout, node } = taking
  const gave = new Set<number>()
  for (const { from, same } of offersFor(taking)) {
    if ((layout.load[node] ?? 0) >= (layout.target[node] ?? 0)) break
    const { members } = same[0] as WorkingGroup
    // A copyset that gave in this turn is another now.
    if (gave.has(from) || taking.copysets.get(copysetName(members)) !== same) continue
    const others = members.filter((member) => member !== from)
    // Widths grew with what was taken before; only where nothing else is left they may pass.
    if (gave.size > 0 && partnersGained(layout, others, node).beyond) continue
    const groups = spared(layout, same, { ...taking, from })
    if (groups.length === 0) continue
    gave.add(from)
    replaceCopyset(taking.copysets, same, groups, () => {
      for (const group of groups) substitute(layout, group, from, node)
    })
  }
  return gave.size > 0
}

/** What nodes could give, the best first; equals in random order, so that partners differ. */
function offersFor({ layout, copysets, node, tolerance, random }: Taking): Offer[] {
  const offers: Offer[] = []
  for (const same of copysets.values()) {
    const { members, copies } = same[0] as WorkingGroup
    if (members.includes(node)) continue
    const luck = random() * 1e-3
    for (const from of members) {
      const full = fullness(layout, from)
      if (!layout.isIn[from] || full <= 1 - tolerance) continue
      const others = members.filter((member) => member !== from)
      if (!layout.separation.mayJoin(others, node, copies)) continue
      const { beyond } = partnersGained(layout, others, node)
      offers.push({ from, same, score: full + luck - (beyond ? 1e6 : 0) })
    }
  }
  return offers.sort((a, b) => b.score - a.score)
}

/** Those of `same` that `from` can lose and `node` can take, each within its share. */
function spared(
  layout: Layout,
  same: readonly WorkingGroup[],
  { from, node, tolerance }: { from: number; node: number; tolerance: number },
): WorkingGroup[] {
  const fromTarget = layout.target[from] ?? 0
  const over = (layout.load[from] ?? 0) - fromTarget
  const smallest = Math.min(...same.map(({ load }) => load))
  let spare = over >= smallest ? over : over + fromTarget * tolerance
  let room = (layout.target[node] ?? 0) - (layout.load[node] ?? 0)
  return same.filter(({ load }) => {
    // Half a group too many is as even as half a group too few.
    if (load > spare || load / 2 > room) return false
    spare -= load
    room -= load
    return true
  })
}

/** Keeps the copysets right while `groups`, some of those in `same`, get other members. */
function replaceCopyset(
  copysets: Map<string, WorkingGroup[]>,
  same: readonly WorkingGroup[],
  groups: readonly WorkingGroup[],
  change: () => void,
): void {
  const oldName = copysetName((same[0] as WorkingGroup).members)
  const rest = same.filter((group) => !groups.includes(group))
  if (rest.length > 0) copysets.set(oldName, rest)
  else copysets.delete(oldName)
  change()
  const newName = copysetName((groups[0] as WorkingGroup).members)
  copysets.set(newName, [...(copysets.get(newName) ?? []), ...groups])
}

/** Moves groups from nodes that are too full to where there is room. Whether anything moved. */
function relieveOver(layout: Layout, settings: PlacementSettings): boolean {
  const { tolerance } = settings
  let moved = false
  layout.nodes.forEach((_, from) => {
    if (!layout.isIn[from] || fullness(layout, from) <= 1 + tolerance) return
    const held = layout.groups.filter(({ members }) => members.includes(from))
    for (const same of copysetsOf(held).values())
      for (const group of same) {
        if (fullness(layout, from) <= 1) return
        if (fullness(layout, from, -group.load) < 1 - tolerance) continue
        leave(layout, group, from)
        const node = findNode(layout, group, settings)
        const better =
          node !== undefined && node !== from && fullness(layout, node, group.load) <= 1 + tolerance
        join(layout, group, better ? node : from)
        if (better) moved = true
      }
  })
  return moved
}

function substitute(layout: Layout, group: WorkingGroup, from: number, to: number): void {
  leave(layout, group, from)
  join(layout, group, to)
}

/** What differs between a group and its plan; who comes replaces who left the same rack, if any. */
function movesOf(
  layout: Layout,
  group: Group,
  planned: WorkingGroup,
  reason: Move['reason'],
): Move[] {
  const after = planned.members.map((node) => layout.nodes[node] as PlacedNode)
  const left = group.members.filter((name) => !after.some((node) => node.name === name))
  const come = after.filter(({ name }) => !group.members.includes(name))
  const rackOf = (name: string) => layout.nodes[layout.indexOf.get(name) ?? -1]?.rack
  return come.map(({ name, rack }) => {
    const sameRack = left.findIndex((old) => rackOf(old) === rack)
    const [from] = left.splice(Math.max(0, sameRack), 1)
    return { group: group.number, from, to: name, reason }
  })
}
