/** Chooses which member of each group is its primary, so that all nodes serve alike. */
import type { Group } from './group.ts'
import { createLayout, type Layout, type WorkingGroup } from './layout.ts'
import { defaultSettings, type PlacedNode } from './topology.ts'

export interface PrimaryChange {
  readonly group: number
  readonly from: string
  readonly to: string
}

export interface PrimaryOptions {
  /** How far over its part a node may be before primaries change. */
  readonly tolerance?: number
  /** Whether a group's primary may change at all; by default any may. */
  readonly mayChange?: (group: number) => boolean
}

/**
 * The changes that even out primaries; none when all are within tolerance. The members given have
 * to be in sync: any of them may be chosen. A node's part is what it holds divided by the members
 * of each group, so that its primaries follow its capacity, and nodes that are out have none.
 */
export function planPrimaries(
  topology: readonly PlacedNode[],
  groups: readonly Group[],
  { tolerance = defaultSettings.tolerance, mayChange = () => true }: PrimaryOptions = {},
): PrimaryChange[] {
  const layout = createLayout(topology, groups, defaultSettings)
  const before = layout.groups.map(({ primary }) => primary)
  evenOut(layout, { tolerance, mayChange })
  return layout.groups.flatMap(({ number, primary }, at) => {
    const old = before[at] as number
    if (primary === old) return []
    const from = layout.nodes[old]?.name ?? ''
    return [{ group: number, from, to: layout.nodes[primary]?.name ?? '' }]
  })
}

/** The candidate with the least to serve in proportion to its part; for one group that lost its. */
export function choosePrimary(
  candidates: readonly string[],
  served: (node: string) => number,
): string | undefined {
  return [...candidates].sort((a, b) => served(a) - served(b) || (a < b ? -1 : 1))[0]
}

interface Service {
  readonly layout: Layout
  /** By how much each node serves more than its part. */
  readonly excess: number[]
  readonly part: number[]
  /** The groups that each node is primary of and may give away. */
  readonly served: Set<WorkingGroup>[]
}

export function evenOut(layout: Layout, options: Required<PrimaryOptions>): void {
  const service = measure(layout, options.mayChange)
  const { excess, part } = service
  const loads = layout.groups.map(({ load }) => load)
  const mean = loads.reduce((sum, load) => sum + load, 0) / Math.max(1, loads.length)
  const stuck = new Set<number>()
  for (;;) {
    let worst = -1
    excess.forEach((over, node) => {
      // Nodes that are out have no part, and give away all they can.
      const allowed = part[node] === 0 ? 0 : Math.max(mean, options.tolerance * (part[node] ?? 0))
      // Sums of thirds differ in their last digits with the order they are made in.
      if (over <= allowed + 1e-6 * mean || stuck.has(node)) return
      if (worst < 0 || over > (excess[worst] ?? 0)) worst = node
    })
    if (worst < 0) return
    const path = findPath(service, worst)
    if (path.length === 0) stuck.add(worst)
    else stuck.clear()
    for (const { group, to } of path) hand(service, group, to)
  }
}

function measure(layout: Layout, mayChange: (group: number) => boolean): Service {
  const excess = layout.nodes.map(() => 0)
  const part = layout.nodes.map(() => 0)
  const served = layout.nodes.map(() => new Set<WorkingGroup>())
  for (const group of layout.groups) {
    const usable = group.members.filter((member) => layout.isIn[member])
    for (const member of usable) {
      part[member] = (part[member] ?? 0) + group.load / usable.length
      excess[member] = (excess[member] ?? 0) - group.load / usable.length
    }
    if (group.primary < 0) continue
    excess[group.primary] = (excess[group.primary] ?? 0) + group.load
    if (mayChange(group.number)) served[group.primary]?.add(group)
  }
  return { layout, excess, part, served }
}

interface Step {
  readonly group: WorkingGroup
  readonly from: number
  readonly to: number
}

/**
 * The shortest chain of hand-overs, from the node's own group on, after which the squares of all
 * excesses add up to less; breadth first, as augmenting paths in a flow.
 */
function findPath({ layout, excess, served }: Service, start: number): Step[] {
  const cameBy = new Map<number, Step>()
  const queue = [start]
  for (const from of queue) {
    for (const group of served[from] ?? []) {
      for (const to of group.members) {
        if (to === start || !layout.isIn[to] || cameBy.has(to)) continue
        cameBy.set(to, { group, from, to })
        const path = walkBack(cameBy, to)
        if (gainOf(path, excess) > 1e-6) return path
        queue.push(to)
      }
    }
  }
  return []
}

function walkBack(cameBy: ReadonlyMap<number, Step>, end: number): Step[] {
  const path: Step[] = []
  for (let step = cameBy.get(end); step !== undefined; step = cameBy.get(step.from)) path.push(step)
  return path.reverse()
}

function gainOf(path: readonly Step[], excess: readonly number[]): number {
  const changes = new Map<number, number>()
  for (const { group, from, to } of path) {
    changes.set(from, (changes.get(from) ?? 0) - group.load)
    changes.set(to, (changes.get(to) ?? 0) + group.load)
  }
  let gain = 0
  for (const [node, change] of changes) {
    const old = excess[node] ?? 0
    gain += old * old - (old + change) * (old + change)
  }
  return gain
}

function hand({ excess, served }: Service, group: WorkingGroup, to: number): void {
  const from = group.primary
  served[from]?.delete(group)
  served[to]?.add(group)
  excess[from] = (excess[from] ?? 0) - group.load
  excess[to] = (excess[to] ?? 0) + group.load
  group.primary = to
}
