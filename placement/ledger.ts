/** What is provisioned on each node and served by it: kept up to date while volumes are placed. */
import type { Group } from './group.ts'
import type { PlacedNode } from './topology.ts'

export interface Booking {
  readonly group: Group
  readonly members: readonly number[]
  readonly primary: number
}

/** Counts in extents; one that a volume has a part of counts as that part. */
export interface Ledger {
  readonly extentBytes: number
  readonly nodes: readonly PlacedNode[]
  readonly indexOf: ReadonlyMap<string, number>
  /** How many extents each node may come to hold, and how many are promised. */
  readonly extentsMax: readonly number[]
  readonly extents: number[]
  /** How many of them it serves as primary. */
  readonly served: number[]
  readonly groups: ReadonlyMap<number, Booking>
  /** How many extents of each group, by its number, are promised. */
  readonly promised: Map<number, number>
  /** Groups by copies, in the order of their numbers; and by primary's index below. */
  readonly byCopies: ReadonlyMap<number, readonly Booking[]>
  readonly byPrimary: ReadonlyMap<number, readonly Booking[]>
}

export interface LedgerSettings {
  readonly extentBytes: number
  /** How much may be provisioned for each byte of capacity. */
  readonly overcommit: number
}

/** Opens the ledger with the extents that groups have. */
export function openLedger(
  nodes: readonly PlacedNode[],
  groups: readonly Group[],
  { extentBytes, overcommit }: LedgerSettings,
): Ledger {
  const indexOf = new Map(nodes.map(({ name }, index) => [name, index]))
  const bookings = [...groups]
    .sort((a, b) => a.number - b.number)
    .map((group) => ({
      group,
      members: group.members.map((name) => indexOf.get(name) ?? -1),
      primary: indexOf.get(group.primary) ?? -1,
    }))
  const ledger: Ledger = {
    extentBytes,
    nodes,
    indexOf,
    extentsMax: nodes.map(({ state, capacityBytes }) =>
      state === 'in' ? (capacityBytes * overcommit) / extentBytes : 0,
    ),
    extents: nodes.map(() => 0),
    served: nodes.map(() => 0),
    groups: new Map(bookings.map((booking) => [booking.group.number, booking])),
    promised: new Map(),
    byCopies: groupBy(bookings, ({ group }) => group.copies),
    byPrimary: groupBy(bookings, ({ primary }) => primary),
  }
  for (const booking of bookings) book(ledger, booking.group.number, booking.group.extents)
  return ledger
}

/** Promises so many extents of a group; fewer than none gives them back. */
export function book(ledger: Ledger, group: number, extents: number): void {
  const booking = ledger.groups.get(group)
  if (!booking) throw new RangeError(`group ${group} is not in the ledger`)
  ledger.promised.set(group, (ledger.promised.get(group) ?? 0) + extents)
  for (const node of booking.members)
    if (node >= 0) ledger.extents[node] = (ledger.extents[node] ?? 0) + extents
  if (booking.primary >= 0)
    ledger.served[booking.primary] = (ledger.served[booking.primary] ?? 0) + extents
}

/** Promises what a map names of a volume with so many extents, the last of which may be a part. */
export function bookMap(ledger: Ledger, map: readonly number[], size: number): void {
  for (const [group, extents] of sharesOf(map, size)) book(ledger, group, extents)
}

/** How much of a volume each group of its map has. */
export function sharesOf(map: readonly number[], size: number): Map<number, number> {
  const shares = new Map<number, number>()
  map.forEach((group, index) => {
    shares.set(group, (shares.get(group) ?? 0) + Math.min(1, size - index))
  })
  return shares
}

function groupBy(
  bookings: readonly Booking[],
  keyOf: (booking: Booking) => number,
): Map<number, Booking[]> {
  const found = new Map<number, Booking[]>()
  for (const booking of bookings) {
    const same = found.get(keyOf(booking))
    if (same) same.push(booking)
    else found.set(keyOf(booking), [booking])
  }
  return found
}
