/** Makes the placement groups that a cell lacks. */
import { drawCopysets } from './copysets.ts'
import type { Group } from './group.ts'
import { createLayout, join, type Layout, partnersGained, type WorkingGroup } from './layout.ts'
import { evenOut } from './plan-primaries.ts'
import { seededRandom } from './random.ts'
import { fairShares, spreadOver } from './shares.ts'
import {
  type Copies,
  type PlacedNode,
  type PlacementSettings,
  placementLimits,
  placementObstacle,
} from './topology.ts'

export interface GroupRequest {
  readonly copies: Copies
  /** The first of the numbers that no group ever had. */
  readonly firstNumber: number
}

export type GroupPlan =
  | { readonly kind: 'planned'; readonly groups: readonly Group[] }
  | { readonly kind: 'refused'; readonly reason: string }

/**
 * The groups to add so that nodes have `groupsPerNode` memberships on average among groups of so
 * many copies; those that exist stay as they are. None when there are enough.
 */
export function planGroups(
  topology: readonly PlacedNode[],
  existing: readonly Group[],
  settings: PlacementSettings,
  { copies, firstNumber }: GroupRequest,
): GroupPlan {
  const obstacle = placementObstacle(topology, copies)
  if (obstacle !== undefined) return { kind: 'refused', reason: obstacle }
  const layout = createLayout(topology, existing, settings)
  const own = existing.filter((group) => group.copies === copies)
  const wanted = Math.ceil((settings.groupsPerNode * layout.inCount) / copies)
  const count = wanted - own.length
  if (count <= 0) return { kind: 'planned', groups: [] }
  if (firstNumber + count - 1 > placementLimits.groupNumberMax)
    return { kind: 'refused', reason: 'The numbers of placement groups are used up.' }
  const pool = createPool(layout, own, { copies, wanted, count })
  fillPool(pool, settings)
  const numbered = pool.sets.flatMap(({ members, groups }) =>
    Array.from({ length: groups }, () => members),
  )
  const made = numbered.map((members, at) => addGroup(layout, firstNumber + at, copies, members))
  evenOut(layout, { tolerance: 0, mayChange: (number) => number >= firstNumber })
  const nameOf = (node: number) => layout.nodes[node]?.name as string
  return {
    kind: 'planned',
    groups: made.map(({ number, members, primary }) => ({
      number,
      copies,
      members: members.map(nameOf),
      primary: nameOf(primary),
      extents: 0,
    })),
  }
}

interface CopysetInPool {
  readonly members: readonly number[]
  groups: number
}

interface Pool {
  readonly layout: Layout
  readonly copies: number
  /** How many groups are to be made. */
  readonly count: number
  /** How many memberships each node still lacks; less than none where it has too many. */
  readonly lacking: number[]
  readonly shares: readonly number[]
  readonly sets: CopysetInPool[]
  /** How many sets the groups shall share. */
  readonly setCount: number
}

interface Sizes {
  readonly copies: number
  readonly wanted: number
  readonly count: number
}

function createPool(layout: Layout, own: readonly Group[], { copies, wanted, count }: Sizes): Pool {
  const shares = fairShares(layout.nodes, copies)
  const lacking = shares.map((share) => share * wanted * copies)
  for (const { members } of own)
    for (const name of members) {
      const node = layout.indexOf.get(name) as number
      lacking[node] = (lacking[node] ?? 0) - 1
    }
  const perSet = Math.max(1, wanted / setsOfCell(layout, copies))
  const setCount = Math.ceil(count / perSet)
  return { layout, copies, count, lacking, shares, sets: [], setCount }
}

/** How many copysets a cell may have for nodes to have two thirds of the scatter width. */
function setsOfCell({ inCount, widthMax }: Layout, copies: number): number {
  const width = Math.floor((2 / 3) * Math.min(...widthMax))
  // With as few nodes as that everyone shares with everyone, and nothing is bounded.
  if (copies === 1 || width >= inCount - 1) return Number.POSITIVE_INFINITY
  const setsPerNode = Math.max(1, Math.floor(width / (copies - 1)))
  return Math.max(1, Math.round((inCount * setsPerNode) / copies))
}

/** Draws round after round for what is lacking then; a set that would scatter too far is left. */
function fillPool(pool: Pool, { seed }: PlacementSettings): void {
  const { layout, copies, count, lacking, sets, setCount } = pool
  const random = seededRandom(seed + layout.groups.length)
  const perRound = Math.ceil(layout.inCount / copies)
  const weight = count / setCount
  const roundsMax = 2 * Math.ceil(setCount / perRound) + 10
  for (let round = 0; round < roundsMax && sets.length < setCount; round++) {
    const drawn = drawCopysets({
      nodes: layout.nodes,
      parts: spreadOver(layout.nodes, copies, weightsOf(pool)),
      copies,
      count: Math.min(perRound, setCount - sets.length),
      random,
    })
    for (const members of drawn) {
      if (sets.length > 0 && scattersTooFar(layout, members)) continue
      addGroup(layout, -1, copies, members)
      sets.push({ members, groups: 0 })
      for (const node of members) lacking[node] = (lacking[node] ?? 0) - weight
    }
  }
  for (const { members } of sets)
    for (const node of members) lacking[node] = (lacking[node] ?? 0) + weight
  // What stood for the sets while they were drawn gives way to the groups.
  layout.groups.splice(layout.groups.length - sets.length, sets.length)
  share(pool)
}

/** A trace of its share keeps each node in reach where those that lack are in too few racks. */
const weightsOf = ({ lacking, shares, count }: Pool): number[] =>
  shares.map((share, node) =>
    share === 0 ? 0 : Math.max(0, lacking[node] ?? 0) + 1e-6 * count * share,
  )

function scattersTooFar(layout: Layout, members: readonly number[]): boolean {
  return members.some((node, at) => {
    const others = members.filter((_, other) => other !== at)
    return partnersGained(layout, others, node).beyond
  })
}

/** Gives all sets alike, then moves single groups between sets while that evens nodes out. */
function share({ copies, count, lacking, sets }: Pool): void {
  const give = (set: CopysetInPool, change: number) => {
    set.groups += change
    for (const node of set.members) lacking[node] = (lacking[node] ?? 0) - change
  }
  const lack = ({ members }: CopysetInPool) =>
    members.reduce((sum, node) => sum + (lacking[node] ?? 0), 0)
  for (const set of sets) give(set, Math.floor(count / sets.length))
  for (let left = count % sets.length; left > 0; left--) give(extreme(sets, lack), 1)
  for (;;) {
    const poorest = extreme(sets, lack)
    const richest = extreme(
      sets.filter(({ groups }) => groups > 0),
      (set) => -lack(set),
    )
    // Beyond this the squares of what nodes lack add up to less after the move.
    if (lack(poorest) - lack(richest) <= copies) return
    give(richest, -1)
    give(poorest, 1)
  }
}

/** The set with the highest score; the first of equals. */
function extreme(sets: readonly CopysetInPool[], score: (set: CopysetInPool) => number) {
  let best = sets[0] as CopysetInPool
  let bestScore = score(best)
  for (const set of sets) {
    const own = score(set)
    if (own > bestScore) {
      best = set
      bestScore = own
    }
  }
  return best
}

function addGroup(
  layout: Layout,
  number: number,
  copies: number,
  members: readonly number[],
): WorkingGroup {
  const group: WorkingGroup = {
    number,
    copies,
    load: 1,
    members: [],
    primary: members[0] as number,
  }
  layout.groups.push(group)
  for (const node of members) join(layout, group, node)
  return group
}
