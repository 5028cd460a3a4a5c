/** Chooses the placement groups of a volume and makes its map. */
import { type Booking, type Ledger, sharesOf } from './ledger.ts'
import { seededRandom } from './random.ts'
import type { Copies } from './topology.ts'

export interface VolumeRequest {
  /** The volume's own number: the same volume in the same cell is placed alike. */
  readonly seed: number
  readonly copies: Copies
  /** The group of each extent it has; empty for a new volume. */
  readonly map: readonly number[]
  /** How many extents it has and shall have; the last may be a part of one. */
  readonly oldSize: number
  readonly size: number
  /** Over how many groups it is spread. */
  readonly width: number
  /** The node whose gateway serves it, where that is known. */
  readonly servedBy?: string
  /** A volume of so many extents or fewer lies in groups whose primary serves it. */
  readonly localExtentsMax: number
}

export type VolumePlace =
  | {
      readonly kind: 'placed'
      /** The whole map: what was there, then the new extents. */
      readonly map: readonly number[]
      /** What is added to each group, in extents. */
      readonly added: ReadonlyMap<number, number>
      /** The node that should serve it: as asked for, or the primary of most of its extents. */
      readonly servedBy: string
    }
  | { readonly kind: 'refused'; readonly reason: string }

/**
 * Puts the new extents into groups all of whose members have room: those the volume has, then
 * others up to its width, each the best of a few drawn at random, which keeps nodes as even as
 * looking at all would (M. Mitzenmacher, The Power of Two Choices, 2001) at a fraction of the work.
 * The ledger stays as it is; bookMap enters the map once it is decided.
 */
export function placeVolume(ledger: Ledger, request: VolumeRequest): VolumePlace {
  if (request.size < request.oldSize) throw new RangeError('a map does not shrink')
  const pool = ledger.byCopies.get(request.copies) ?? []
  if (pool.length === 0)
    return { kind: 'refused', reason: `There are no placement groups of ${request.copies} copies.` }
  const extents = Math.ceil(request.size)
  const widthMax = Math.max(1, Math.min(request.width, extents))
  // Where room is short a volume gets fewer groups, with more in each, before it is refused.
  for (let width = widthMax; width >= 1; width = Math.floor(width / 2)) {
    const isGrownInside = extents === request.map.length
    const chosen = isGrownInside ? [] : chooseGroups(ledger, pool, request, width)
    if (chosen === undefined) continue
    const map = growMap(request.map, extents, chosen)
    const added = addedBy(request, map)
    if (!fits(ledger, added)) continue
    return { kind: 'placed', map, added, servedBy: request.servedBy ?? mostServed(ledger, map) }
  }
  return { kind: 'refused', reason: whyRefused(ledger, pool, request) }
}

function addedBy(request: VolumeRequest, map: readonly number[]): Map<number, number> {
  const before = sharesOf(request.map, request.oldSize)
  const after = sharesOf(map, request.size)
  const added = [...after].map(
    ([group, share]) => [group, share - (before.get(group) ?? 0)] as const,
  )
  return new Map(added.filter(([, share]) => share !== 0))
}

function fits(ledger: Ledger, added: ReadonlyMap<number, number>): boolean {
  const pending = new Map<number, number>()
  for (const [number, share] of added)
    for (const node of ledger.groups.get(number)?.members ?? [])
      pending.set(node, (pending.get(node) ?? 0) + share)
  return [...pending].every(([node, share]) => share <= roomOf(ledger, node))
}

const roomOf = ({ extents, extentsMax }: Ledger, node: number): number =>
  (extentsMax[node] ?? 0) - (extents[node] ?? 0)

/**
 * The map grown to `extents`: what was there stays as it was; new extents go round robin, from the
 * group that has least of the volume on, so that neighbours and a sequential reader meet all alike.
 */
export function growMap(
  map: readonly number[],
  extents: number,
  groups: readonly number[],
): number[] {
  const counts = new Map(groups.map((group) => [group, 0]))
  for (const group of map) counts.set(group, (counts.get(group) ?? 0) + 1)
  const order = [...groups].sort((a, b) => (counts.get(a) ?? 0) - (counts.get(b) ?? 0))
  const grown = [...map]
  for (let i = 0; grown.length < extents; i++) grown.push(order[i % order.length] as number)
  return grown
}

/** How many groups are drawn for each that is chosen. */
const drawCount = 12

interface Choice {
  readonly ledger: Ledger
  readonly chosen: Booking[]
  /** What each node gets from the groups chosen so far. */
  readonly pending: Map<number, number>
  /** How many extents each group gets. */
  readonly each: number
  readonly random: () => number
}

function chooseGroups(
  ledger: Ledger,
  pool: readonly Booking[],
  request: VolumeRequest,
  width: number,
): number[] | undefined {
  const random = seededRandom(request.seed)
  const added = request.size - request.oldSize
  const each = Math.min(added, Math.ceil((Math.ceil(request.size) - request.map.length) / width))
  const choice: Choice = { ledger, chosen: [], pending: new Map(), each, random }
  for (const number of new Set(request.map)) {
    const own = ledger.groups.get(number)
    if (own && choice.chosen.length < width && hasRoom(choice, own)) take(choice, own)
  }
  const isLocal = request.size <= request.localExtentsMax
  while (choice.chosen.length < width) {
    const local = isLocal ? localPool(choice, request) : undefined
    // The first decides for all, so it has room for all where there is one that has.
    const whole = isLocal && !local ? pick({ ...choice, each: added }, pool) : undefined
    const best = whole ?? (local && pick(choice, local)) ?? pick(choice, pool)
    if (best === undefined) return undefined
    take(choice, best)
  }
  return choice.chosen.map(({ group }) => group.number)
}

/** Groups of the primary that serves the volume, or that its first group has. */
function localPool({ ledger, chosen }: Choice, request: VolumeRequest) {
  const node = request.servedBy ? ledger.indexOf.get(request.servedBy) : chosen[0]?.primary
  const groups = node === undefined ? undefined : ledger.byPrimary.get(node)
  return groups?.filter(({ group }) => group.copies === request.copies)
}

/** The best of a few; when none of them has room, the best of all. */
function pick(choice: Choice, pool: readonly Booking[]): Booking | undefined {
  const drawn = Array.from(
    { length: drawCount },
    () => pool[Math.floor(choice.random() * pool.length)],
  )
  return bestOf(choice, drawn) ?? bestOf(choice, pool)
}

function bestOf(choice: Choice, pool: readonly (Booking | undefined)[]): Booking | undefined {
  let best: Booking | undefined
  let bestScore = Number.POSITIVE_INFINITY
  for (const booking of pool) {
    if (!booking || choice.chosen.includes(booking) || !hasRoom(choice, booking)) continue
    const score = scoreOf(choice, booking)
    if (score >= bestScore) continue
    best = booking
    bestScore = score
  }
  return best
}

function hasRoom({ ledger, pending, each }: Choice, { members }: Booking): boolean {
  return members.every((node) => (pending.get(node) ?? 0) + each <= roomOf(ledger, node))
}

/** How full its fullest member is and how much its primary serves; the lower the better. */
function scoreOf({ ledger, pending, chosen }: Choice, { members, primary }: Booking): number {
  let fullest = 0
  for (const node of members) {
    const held = (ledger.extents[node] ?? 0) + (pending.get(node) ?? 0)
    fullest = Math.max(fullest, held / (ledger.extentsMax[node] ?? 1))
  }
  const serves =
    ((ledger.served[primary] ?? 0) * members.length) / (ledger.extentsMax[primary] ?? 1)
  // A volume's groups have different primaries as long as nodes are about as full.
  const again = chosen.some((other) => other.primary === primary) ? 0.01 : 0
  return fullest + serves + again
}

function take({ chosen, pending, each }: Choice, booking: Booking): void {
  chosen.push(booking)
  for (const node of booking.members) pending.set(node, (pending.get(node) ?? 0) + each)
}

function mostServed(ledger: Ledger, map: readonly number[]): string {
  const counts = new Map<string, number>()
  for (const number of map) {
    const primary = ledger.groups.get(number)?.group.primary
    if (primary !== undefined) counts.set(primary, (counts.get(primary) ?? 0) + 1)
  }
  return [...counts].sort(([a, one], [b, other]) => other - one || (a < b ? -1 : 1))[0]?.[0] ?? ''
}

function whyRefused(ledger: Ledger, pool: readonly Booking[], request: VolumeRequest): string {
  const room = ({ members }: Booking) => Math.min(...members.map((node) => roomOf(ledger, node)))
  const most = pool.reduce((found, booking) => Math.max(found, room(booking)), 0)
  const needed = (request.size - request.oldSize) * ledger.extentBytes
  const times = request.copies === 1 ? '' : ` ${request.copies} times, on nodes of different racks`
  return (
    `The volume needs ${needed} bytes${times}; ` +
    `the emptiest placement group has ${Math.floor(most * ledger.extentBytes)} bytes free.`
  )
}
