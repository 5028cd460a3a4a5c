/** Finds a home for a volume and reserves its size there, or says why it has to wait. */
import { chooseHome, freeBytes } from '../placement/choose-home.ts'
import { spreadExtents } from '../placement/spread-extents.ts'
import type { Control } from './control.ts'
import type { ErrorCode } from './errors.ts'
import type { Compare, Operation } from './metadata/metadata.ts'
import { type Candidate, readCandidates } from './model/candidates.ts'
import { packExtentMap } from './model/extent-map.ts'
import { putUsage } from './model/node-usage.ts'
import { unchanged } from './model/record.ts'
import { volumeMapPrefix } from './model/volume.ts'

export interface PlaceRequest {
  readonly id: string
  readonly number: number
  readonly sizeBytes: number
}

export type Place =
  | {
      readonly kind: 'found'
      readonly home: string
      readonly compare: readonly Compare[]
      readonly operations: readonly Operation[]
    }
  | { readonly kind: 'wait'; readonly reason: string }
  | {
      readonly kind: 'none'
      readonly code: ErrorCode
      readonly reason: string
      readonly pointer?: string
    }

export async function findPlace(control: Control, request: PlaceRequest): Promise<Place> {
  const candidates = await readCandidates(control)
  if (candidates.length === 0)
    return { kind: 'none', code: 'NO_NODES', reason: 'No gateway has registered with control yet.' }
  const { overcommit } = control.cell
  const wish = { seed: request.number, sizeBytes: request.sizeBytes, overcommit }
  const name = chooseHome(
    candidates.filter(({ health }) => health === 'alive'),
    wish,
  )
  const home = candidates.find((candidate) => candidate.name === name)
  if (home) return reserve(control, home, request)
  const later = candidates.find((candidate) => !candidate.capacityKnown)?.name
  const waitsFor = chooseHome(candidates, wish) ?? later
  if (waitsFor) return { kind: 'wait', reason: `Waits for node ${waitsFor}, which may have room.` }
  const largest = Math.max(...candidates.map((candidate) => freeBytes(candidate, overcommit)))
  return {
    kind: 'none',
    code: 'NO_CAPACITY',
    pointer: '/sizeBytes',
    reason:
      `The volume needs ${request.sizeBytes} bytes on one node; ` +
      `the emptiest has ${largest} bytes free.`,
  }
}

function reserve({ cell }: Control, home: Candidate, request: PlaceRequest): Place {
  const { usage } = home
  const map = spreadExtents([], Math.ceil(request.sizeBytes / cell.extentBytes), {
    seed: request.number,
    placementGroups: home.node.placementGroups,
    width: cell.volumeWidth,
  })
  return {
    kind: 'found',
    home: home.name,
    compare: [unchanged(usage)],
    operations: [
      putUsage(home.name, {
        provisionedBytes: usage.value.provisionedBytes + request.sizeBytes,
        volumes: usage.value.volumes + 1,
      }),
      { kind: 'put', key: volumeMapPrefix + request.id, value: packExtentMap(map) },
    ],
  }
}
