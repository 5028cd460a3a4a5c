/** Finds placement groups for a volume and promises its size there, or says why it has to wait. */
import type { Group } from '../placement/group.ts'
import { openLedger } from '../placement/ledger.ts'
import { placeVolume, type VolumePlace, type VolumeRequest } from '../placement/place-volume.ts'
import { planGroups } from '../placement/plan-groups.ts'
import type { Copies, PlacedNode } from '../placement/topology.ts'
import type { Control } from './control.ts'
import type { ErrorCode } from './errors.ts'
import type { Compare, Operation } from './metadata/metadata.ts'
import { type Candidate, candidatesOf } from './model/candidates.ts'
import { packExtentMap } from './model/extent-map.ts'
import { changeUsage } from './model/group-usage.ts'
import { groupsPerVolumeMax, volumeMapPrefix } from './model/volume.ts'
import { isAlive, makeGroups, mayBeMadeLater } from './pools/make-groups.ts'
import { placedGroups, placedNodes, placementSettingsOf } from './pools/placed.ts'
import { type Room, readRoom } from './pools/read-room.ts'

export interface PlaceRequest {
  readonly id: string
  readonly number: number
  readonly copies: Copies
  readonly sizeBytes: number
  /** Of a volume that has a place and grows. */
  readonly present?: {
    readonly map: readonly number[]
    readonly sizeBytes: number
    readonly home: string
  }
}

export interface FoundPlace {
  readonly kind: 'found'
  readonly home: string
  /** Those of the whole map, each once. */
  readonly placementGroups: readonly number[]
  readonly compare: readonly Compare[]
  readonly operations: readonly Operation[]
}

export type Place =
  | FoundPlace
  | { readonly kind: 'wait'; readonly reason: string }
  | {
      readonly kind: 'none'
      readonly code: ErrorCode
      readonly reason: string
      readonly pointer?: string
    }

/** A volume of so many extents or fewer lies in groups whose primary serves it. */
const localExtentsMax = 64

export async function findPlace(control: Control, request: PlaceRequest): Promise<Place> {
  const obstacle = await ensurePool(control, request.copies)
  if (obstacle) return obstacle
  const place = await placeNow(control, request)
  if (place.kind === 'found') return place
  // Nodes that came since the groups were made may have room, and no groups yet.
  const more = await makeGroups(control, request.copies)
  return more.kind === 'made' && more.count > 0 ? placeNow(control, request) : place
}

async function placeNow(control: Control, request: PlaceRequest): Promise<Place> {
  const room = await readRoom(control.store)
  const candidates = candidatesOf(room, control.fleet)
  const nodes = placedNodes(candidates, request.copies, isAlive)
  const place = tryOn(control, nodes, placedGroups(room, control.cell), request)
  if (place.kind === 'placed') return promise(room, request, place, control)
  return laterPlace(control, room, request, candidates) ?? refused(place.reason)
}

const refused = (reason: string): Place => ({
  kind: 'none',
  code: 'NO_CAPACITY',
  pointer: '/sizeBytes',
  reason,
})

/** Makes the groups for so many copies when there are none, or says why there can be none. */
async function ensurePool(control: Control, copies: Copies): Promise<Place | undefined> {
  const room = await readRoom(control.store)
  if (room.nodes.length === 0)
    return { kind: 'none', code: 'NO_NODES', reason: 'No gateway has registered with control yet.' }
  if (room.groups.some((group) => group.copies === copies)) return undefined
  const made = await makeGroups(control, copies)
  if (made.kind === 'made') return undefined
  if (await mayBeMadeLater(control, copies)) {
    const candidates = candidatesOf(room, control.fleet)
    return waitFor(candidates.filter((one) => !isAlive(one) || !one.capacityKnown))
  }
  return { kind: 'none', code: 'TOO_FEW_RACKS', pointer: '/copies', reason: made.reason }
}

function tryOn(
  { cell }: Control,
  nodes: readonly PlacedNode[],
  groups: readonly Group[],
  request: PlaceRequest,
): VolumePlace {
  const { extentBytes, overcommit, volumeWidth: width } = cell
  const { copies, number, sizeBytes, present } = request
  const ledger = openLedger(nodes, groups, { extentBytes, overcommit })
  const wish: VolumeRequest = {
    seed: number,
    copies,
    map: present?.map ?? [],
    oldSize: (present?.sizeBytes ?? 0) / extentBytes,
    size: sizeBytes / extentBytes,
    width,
    ...(present && { servedBy: present.home }),
    // One copy on several nodes is lost with any of them.
    localExtentsMax: copies === 1 ? Number.POSITIVE_INFINITY : localExtentsMax,
  }
  return placeVolume(ledger, wish)
}

/** Whom to wait for: nodes that are away, or have not said what they have, and may have room. */
function laterPlace(
  control: Control,
  room: Room,
  request: PlaceRequest,
  candidates: readonly Candidate[],
): Place | undefined {
  const unknown = candidates.filter(({ capacityKnown }) => !capacityKnown)
  if (unknown.length > 0) return waitFor(unknown)
  const away = candidates.filter((candidate) => !isAlive(candidate))
  const nodes = placedNodes(candidates, request.copies, () => true)
  const groups = placedGroups(room, control.cell)
  const more = planGroups(nodes, groups, placementSettingsOf(control.cell), {
    copies: request.copies,
    firstNumber: 1 + Math.max(0, ...groups.map(({ number }) => number)),
  })
  const all = more.kind === 'planned' ? [...groups, ...more.groups] : groups
  const later = tryOn(control, nodes, all, request)
  return later.kind === 'placed' ? waitFor(away) : undefined
}

function waitFor(candidates: readonly Candidate[]): Place {
  const names = candidates.map(({ name }) => name)
  const nodes = `node${names.length === 1 ? '' : 's'} ${names.join(', ')}`
  return { kind: 'wait', reason: `Waits for ${nodes}, where there may be room.` }
}

function promise(
  room: Room,
  { id, present }: PlaceRequest,
  { map, added, servedBy }: VolumePlace & { readonly kind: 'placed' },
  { cell }: Control,
): Place {
  const placementGroups = [...new Set(map)]
  if (placementGroups.length > groupsPerVolumeMax)
    return refused(
      `The volume would lie in ${placementGroups.length} placement groups, and it can in ` +
        `${groupsPerVolumeMax}: those it has are full.`,
    )
  const had = new Set(present?.map)
  const change = [...added].map(([group, extents]) => {
    const volumes: 0 | 1 = had.has(group) ? 0 : 1
    return [group, { bytes: extents * cell.extentBytes, volumes }] as const
  })
  return {
    kind: 'found',
    home: servedBy,
    placementGroups,
    compare: [room.ledger.compare],
    operations: [
      room.ledger.operation,
      ...changeUsage(new Map(change), room.usageOf),
      { kind: 'put', key: volumeMapPrefix + id, value: packExtentMap(map) },
    ],
  }
}
