/**
 * What a gateway remembers of each store's scrubs, on its own disk: requests that it has seen to
 * their end, the last pass, and when the next one is due.
 *
 * It is written when a pass ends. A gateway that restarts amid a pass begins it anew: on request
 * because the request is not done, on schedule because it is still due.
 */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import Type, { type Static } from 'typebox'
import { readStateFile, writeStateFile } from '../state-file.ts'

const number = Type.Integer({ minimum: 0 })
const passSchema = Type.Object({
  state: Type.Union([Type.Literal('FINISHED'), Type.Literal('STOPPED'), Type.Literal('FAILED')]),
  request: number,
  bytesPerSecond: number,
  startedAtMs: number,
  endedAtMs: number,
  blocksRead: number,
  blocksTotal: number,
  blocksDamaged: number,
})
const recordSchema = Type.Object({
  storeId: Type.String(),
  /** The highest request that was seen to its end. */
  requestDone: number,
  firstSeenAtMs: number,
  /** When a pass last reached its end; 0: none has. */
  finishedAtMs: number,
  /** The last one that ended, however. */
  pass: Type.Union([passSchema, Type.Null()]),
})
const fileSchema = Type.Object({ version: Type.Literal(1), stores: Type.Array(recordSchema) })

export type Pass = Static<typeof passSchema>
export type ScrubRecord = Static<typeof recordSchema>

export const newRecord = (storeId: string, nowMs: number): ScrubRecord => ({
  storeId,
  requestDone: 0,
  firstSeenAtMs: nowMs,
  finishedAtMs: 0,
  pass: null,
})

export const readScrubRecords = (folder: string): readonly ScrubRecord[] =>
  readStateFile(pathIn(folder), fileSchema)?.stores ?? []

export const saveScrubRecords = (folder: string, stores: readonly ScrubRecord[]): Promise<void> =>
  writeStateFile(pathIn(folder), { version: 1, stores })

const pathIn = (folder: string) => join(folder, 'scrubs.json')

/** How long a pass that did not reach its end is not begun anew, as a part of the interval. */
const retryAfter = 0.1
/** Passes begin up to this part of the interval before it is over, each store's at its own time. */
const spread = 0.2

/**
 * When the next pass on schedule begins. Stores that came together must not be read together ever
 * after: the first pass of each comes anywhere within an interval.
 */
export function dueAtMs(record: ScrubRecord, intervalMs: number): number {
  const { storeId, firstSeenAtMs, finishedAtMs, pass } = record
  const part = partOf(storeId)
  const dueMs =
    finishedAtMs === 0
      ? firstSeenAtMs + intervalMs * part
      : finishedAtMs + intervalMs * (1 - spread * part)
  const wasCutOff = pass !== null && pass.state !== 'FINISHED'
  return wasCutOff ? Math.max(dueMs, pass.endedAtMs + intervalMs * retryAfter) : dueMs
}

/** 0 to 1, always the same for a store. */
export const partOf = (storeId: string): number =>
  createHash('sha256').update(storeId).digest().readUInt32BE() / 2 ** 32
