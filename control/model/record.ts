/**
 * Records as the metadata store holds them: JSON with a version, read together with their revision.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { ControlError } from '../errors.ts'
import type { Compare, KeyValue, MetadataStore, Operation } from '../metadata/metadata.ts'

/** A record and the revision it was read at: what a write of it compares with. */
export interface Stored<T> {
  readonly key: string
  readonly value: T
  readonly modRevision: number
}

export interface RecordKind<T> {
  readonly prefix: string
  readonly version: number
  encode(value: T): Uint8Array
  decode(entry: KeyValue): Stored<T>
}

export function defineRecord<T>(prefix: string, version: number): RecordKind<T> {
  return {
    prefix,
    version,
    encode: (value) => Buffer.from(JSON.stringify({ recordVersion: version, ...value })),
    decode({ key, value, modRevision }) {
      const { recordVersion, ...rest } = parse(key, value)
      if (recordVersion !== version)
        throw new Error(`${key} has record version ${recordVersion}; this release reads ${version}`)
      return { key, value: rest as T, modRevision }
    },
  }
}

function parse(key: string, value: Uint8Array): { readonly recordVersion?: number } {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(value).toString())
    if (typeof parsed === 'object' && parsed !== null) return parsed
  } catch {}
  throw new Error(`${key} holds no record`)
}

export async function readRecord<T>(
  store: MetadataStore,
  kind: RecordKind<T>,
  name: string,
): Promise<Stored<T> | undefined> {
  const { entry } = await store.get(kind.prefix + name)
  return entry && kind.decode(entry)
}

export async function listRecords<T>(
  store: MetadataStore,
  kind: RecordKind<T>,
): Promise<Stored<T>[]> {
  const { items } = await store.range({ prefix: kind.prefix })
  return items.map((entry) => kind.decode(entry))
}

export const unchanged = ({ key, modRevision }: Stored<unknown>): Compare => ({ key, modRevision })
export const absent = (key: string): Compare => ({ key, modRevision: 0 })

export const putRecord = <T>(kind: RecordKind<T>, name: string, value: T): Operation => ({
  kind: 'put',
  key: kind.prefix + name,
  value: kind.encode(value),
})
export const deleteKey = (key: string): Operation => ({ kind: 'delete', key })

const attemptsMax = 16
const backOffDoublingsMax = 6

/**
 * Runs `attempt` until its compare-and-swap holds: it reads anew each time, so that it decides on
 * what is true. `attempt` answers undefined when others were faster.
 */
export async function retryConflicts<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  for (let i = 0; i < attemptsMax; i++) {
    const result = await attempt()
    if (result !== undefined) return result
    // Others are as fast as this one: who waits for a random while lets one of them through.
    await delay(Math.random() * 2 ** Math.min(i, backOffDoublingsMax))
  }
  throw new ControlError('CONFLICT', 'Others kept changing the same records; try again.')
}
