/**
 * A watch that outlives its connection: it begins again after the last revision that it gave.
 *
 * etcd may have dropped deletions of the very revision that it compacted to, while it still lets a
 * watch begin there. So a watch asks for one revision more than it gives: when that one is
 * compacted, nothing is known of the next.
 */
import { setTimeout as delay } from 'node:timers/promises'
import {
  ClosedError,
  CompactedError,
  UnavailableError,
  type WatchBatch,
  type WatchEvent,
} from '../metadata.ts'
import type { Connection, IWatchResponse } from './connection.ts'
import { type KeySpace, toKeyValue } from './keys.ts'

export interface FollowOptions {
  readonly prefix: string
  readonly fromRevision: number
  /** Aborted to end it. */
  readonly signal: AbortSignal
}

const reopenPauseMs = 200

export async function* followChanges(
  connection: Connection,
  keys: KeySpace,
  { prefix, fromRevision, signal }: FollowOptions,
): AsyncGenerator<WatchBatch> {
  const range = { key: keys.inside(prefix), end: keys.end(prefix) }
  let next = fromRevision
  while (!signal.aborted) {
    try {
      const from = Math.max(1, next - 1)
      for await (const response of connection.watch({ ...range, fromRevision: from }, signal)) {
        refuseCancelled(response)
        for (const batch of batchesOf(keys, response)) {
          if (batch.revision < next) continue
          next = batch.revision + 1
          yield batch
          if (signal.aborted) return
        }
      }
    } catch (error) {
      if (error instanceof CompactedError) throw error
      // A closed store ends its watches by their signals.
      if (error instanceof ClosedError) return
    }
    await delay(reopenPauseMs, undefined, { signal }).catch(() => undefined)
  }
}

function refuseCancelled({ canceled, compact_revision }: IWatchResponse): void {
  const compacted = Number(compact_revision)
  if (compacted > 0) throw new CompactedError(compacted + 1)
  if (canceled) throw new UnavailableError('etcd has ended the watch')
}

/** A response holds whole revisions, in their order. */
function batchesOf(keys: KeySpace, { events }: IWatchResponse): WatchBatch[] {
  const batches: { revision: number; events: WatchEvent[] }[] = []
  for (const { type, kv } of events) {
    const entry = toKeyValue(keys, kv)
    const { key, modRevision } = entry
    const event: WatchEvent =
      type === 'Put' ? { kind: 'put', entry } : { kind: 'delete', key, modRevision }
    const last = batches.at(-1)
    if (last?.revision === modRevision) last.events.push(event)
    else batches.push({ revision: modRevision, events: [event] })
  }
  return batches
}
