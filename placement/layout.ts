/**
 * How groups lie on nodes while a plan is made: what each node holds, should hold, and with whom
 * it shares. Plans change a layout of their own and say what differs in the end.
 */
import { type Group, loadOf } from './group.ts'
import { type Separation, separate } from './separation.ts'
import { fairShares } from './shares.ts'
import { isUsable, type PlacedNode, type PlacementSettings } from './topology.ts'

export interface WorkingGroup {
  readonly number: number
  readonly copies: number
  readonly load: number
  /** Indexes of nodes, in the order the group names them. */
  members: number[]
  primary: number
}

export interface Layout {
  /** Those of the topology, then those that only groups name, as nodes that are out. */
  readonly nodes: readonly PlacedNode[]
  readonly indexOf: ReadonlyMap<string, number>
  readonly isIn: readonly boolean[]
  /** How many nodes are in. */
  readonly inCount: number
  readonly groups: WorkingGroup[]
  readonly load: number[]
  /** What each node's load is when all hold their fair share. */
  readonly target: readonly number[]
  /** For each node, how many groups it shares with each other node. */
  readonly partners: readonly Map<number, number>[]
  /** How many of its partners are in: its scatter width. */
  readonly width: number[]
  readonly widthMax: readonly number[]
  readonly separation: Separation
}

export function createLayout(
  topology: readonly PlacedNode[],
  groups: readonly Group[],
  settings: PlacementSettings,
): Layout {
  const nodes = [...topology, ...missingNodes(topology, groups)]
  const indexOf = new Map(nodes.map(({ name }, index) => [name, index]))
  const isIn = nodes.map(isUsable)
  const inCount = isIn.filter(Boolean).length
  const layout: Layout = {
    nodes,
    indexOf,
    isIn,
    inCount,
    groups: [],
    load: nodes.map(() => 0),
    target: targetsOf(nodes, groups),
    partners: nodes.map(() => new Map<number, number>()),
    width: nodes.map(() => 0),
    widthMax: widthLimits(nodes, settings.scatterWidth),
    separation: separate(nodes),
  }
  for (const group of groups) {
    const { number, copies } = group
    const primary = indexOf.get(group.primary) ?? -1
    const working: WorkingGroup = { number, copies, load: loadOf(group), members: [], primary }
    layout.groups.push(working)
    for (const name of group.members) join(layout, working, indexOf.get(name) as number)
  }
  return layout
}

export function join(layout: Layout, group: WorkingGroup, node: number): void {
  for (const member of group.members) {
    countPartner(layout, node, member, 1)
    countPartner(layout, member, node, 1)
  }
  group.members.push(node)
  layout.load[node] = (layout.load[node] ?? 0) + group.load
}

export function leave(layout: Layout, group: WorkingGroup, node: number): void {
  group.members = group.members.filter((member) => member !== node)
  for (const member of group.members) {
    countPartner(layout, node, member, -1)
    countPartner(layout, member, node, -1)
  }
  layout.load[node] = (layout.load[node] ?? 0) - group.load
}

/** How full a node is in proportion to its fair share: 1 is even, infinite where it has none. */
export function fullness(layout: Layout, node: number, added = 0): number {
  const target = layout.target[node] ?? 0
  if (target > 0) return ((layout.load[node] ?? 0) + added) / target
  return Number.POSITIVE_INFINITY
}

/** How many partnerships would begin, and whether a scatter width would be beyond its limit. */
export function partnersGained(
  layout: Layout,
  members: readonly number[],
  node: number,
): { readonly gained: number; readonly beyond: boolean } {
  let gained = 0
  let beyond = false
  for (const member of members) {
    if (layout.partners[node]?.has(member)) continue
    gained++
    if ((layout.width[member] ?? 0) >= (layout.widthMax[member] ?? 0)) beyond = true
  }
  if (gained > 0 && (layout.width[node] ?? 0) + gained > (layout.widthMax[node] ?? 0)) beyond = true
  return { gained, beyond }
}

/** Sets of groups with the same members, by a name of theirs: the copysets. */
export function copysetsOf(groups: readonly WorkingGroup[]): Map<string, WorkingGroup[]> {
  const copysets = new Map<string, WorkingGroup[]>()
  for (const group of groups) {
    const name = copysetName(group.members)
    const same = copysets.get(name)
    if (same) same.push(group)
    else copysets.set(name, [group])
  }
  return copysets
}

export const copysetName = (members: readonly number[]): string =>
  [...members].sort((a, b) => a - b).join(' ')

function countPartner(layout: Layout, node: number, other: number, change: number): void {
  const partners = layout.partners[node] as Map<number, number>
  const before = partners.get(other) ?? 0
  const after = before + change
  if (after > 0) partners.set(other, after)
  else partners.delete(other)
  if (!layout.isIn[other]) return
  const width = layout.width[node] ?? 0
  if (before === 0) layout.width[node] = width + 1
  if (after === 0) layout.width[node] = width - 1
}

function missingNodes(topology: readonly PlacedNode[], groups: readonly Group[]): PlacedNode[] {
  const known = new Set(topology.map(({ name }) => name))
  const missing = new Set(groups.flatMap(({ members }) => members.filter((m) => !known.has(m))))
  return [...missing].map((name) => ({ name, rack: '', zone: '', capacityBytes: 0, state: 'out' }))
}

/** Each number of copies has shares of its own: with one copy a rack may hold everything. */
function targetsOf(nodes: readonly PlacedNode[], groups: readonly Group[]): number[] {
  const loads = new Map<number, number>()
  for (const group of groups)
    loads.set(group.copies, (loads.get(group.copies) ?? 0) + loadOf(group) * group.copies)
  const target = nodes.map(() => 0)
  for (const [copies, load] of loads)
    fairShares(nodes, copies).forEach((share, node) => {
      target[node] = (target[node] ?? 0) + share * load
    })
  return target
}

function widthLimits(nodes: readonly PlacedNode[], scatterWidth: number): number[] {
  const usable = nodes.filter(isUsable)
  const capacity = usable.reduce((sum, node) => sum + node.capacityBytes, 0)
  const mean = capacity / Math.max(1, usable.length)
  return nodes.map(({ capacityBytes }) =>
    Math.ceil(scatterWidth * Math.max(1, capacityBytes / Math.max(1, mean))),
  )
}
