/** A volume: what a user provisions, spread over a few placement groups of as many copies. */
import type { Copies } from '../../placement/topology.ts'
import type { MetadataStore } from '../metadata/metadata.ts'
import { defineRecord, type RecordKind, readRecord, type Stored } from './record.ts'

/**
 *   creating ──▶ available ◀──▶ in-use
 *      │             │            │
 *      ├──▶ error ◀──┴────────────┘
 *      ▼      ▼
 *      deleting ──▶ (gone)
 */
export type VolumeState =
  /** Waits for nodes with room for it; the reason says what for, as last tried. */
  | { readonly kind: 'creating'; readonly reason?: string }
  | { readonly kind: 'available' }
  | { readonly kind: 'in-use'; readonly attachmentId: string }
  /** Waits for all members of its groups to forget its blocks. */
  | { readonly kind: 'deleting' }
  /** A part of it has no copy that can be served, whether it is attached or not. */
  | { readonly kind: 'error'; readonly reason: string; readonly attachmentId?: string }

export type VolumeStateKind = VolumeState['kind']
export const volumeStateKinds: readonly VolumeStateKind[] = [
  'creating',
  'available',
  'in-use',
  'deleting',
  'error',
]

const moves: Record<VolumeStateKind, readonly VolumeStateKind[]> = {
  creating: ['available', 'error', 'deleting'],
  available: ['in-use', 'deleting', 'error'],
  'in-use': ['available', 'error'],
  deleting: [],
  error: ['available', 'in-use', 'error', 'deleting'],
}

export const mayMoveVolume = (from: VolumeStateKind, to: VolumeStateKind): boolean =>
  moves[from].includes(to)

export interface Volume {
  /** `vol-` and 16 hex digits of its number: also the serial its hosts see. */
  readonly id: string
  readonly number: number
  readonly name: string
  readonly sizeBytes: number
  readonly labels: Readonly<Record<string, string>>
  readonly uuid: string
  /** How many copies of each block; the same for good. */
  readonly copies: Copies
  /** The placement groups that its map names, each once; none while creating. */
  readonly placementGroups: readonly number[]
  /** The node whose gateway serves it, or should when it is attached; missing while creating. */
  readonly home?: string
  /** Grows with every attachment. */
  readonly fence: number
  readonly state: VolumeState
  readonly createdAt: string
}

const record = defineRecord<Volume>('volume/', 1)

export const volumeKind: RecordKind<Volume> = {
  ...record,
  decode(entry) {
    const stored = record.decode(entry)
    // A record of a release with one copy says neither; reconcile looks its groups up.
    const { copies = 1, placementGroups = [] } = stored.value as Partial<Volume>
    return { ...stored, value: { ...stored.value, copies, placementGroups } }
  },
}

/** Of a release with one copy: its groups are not noted yet. */
export const isFromBefore = ({ home, placementGroups }: Volume): boolean =>
  home !== undefined && placementGroups.length === 0

/** As many as the transaction that deletes it can change. */
export const groupsPerVolumeMax = 50

/** The value is the id of the volume that has the name. */
export const volumeNamePrefix = 'volume-name/'
/** The value is the packed extent map. */
export const volumeMapPrefix = 'volume-map/'

/** Its attachment, also while its home cannot serve it. */
export const attachmentIdOfVolume = ({ state }: Volume): string | undefined =>
  state.kind === 'in-use' || state.kind === 'error' ? state.attachmentId : undefined

export const volumeNamePattern = '^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$'
const namePattern = new RegExp(volumeNamePattern)
const idPattern = /^vol-[0-9a-f]{16}$/
export const isVolumeId = (text: string): boolean => idPattern.test(text)
export const volumeIdOf = (number: number): string => `vol-${number.toString(16).padStart(16, '0')}`

/** Moves a volume, or stops the process's step: a move that is not in the picture is a bug. */
export function moveVolume(volume: Volume, state: VolumeState): Volume {
  if (!mayMoveVolume(volume.state.kind, state.kind))
    throw new Error(`volume ${volume.id} cannot move from ${volume.state.kind} to ${state.kind}`)
  return { ...volume, state }
}

export async function findVolume(
  store: MetadataStore,
  idOrName: string,
): Promise<Stored<Volume> | undefined> {
  if (isVolumeId(idOrName)) return readRecord(store, volumeKind, idOrName)
  if (!namePattern.test(idOrName)) return undefined
  const { entry } = await store.get(volumeNamePrefix + idOrName)
  if (!entry) return undefined
  return readRecord(store, volumeKind, Buffer.from(entry.value).toString())
}
