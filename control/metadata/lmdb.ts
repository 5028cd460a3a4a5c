/**
 * The metadata store in one process, on lmdb: durable before it answers, history bounded by count
 * and bytes.
 *
 * Transactions of one turn share one commit (and one fsync). A watch holds a position in the stored
 * history, not a queue: a slow watcher costs nothing and is told CompactedError when it fell too
 * far behind.
 */
import { mkdirSync } from 'node:fs'
import { type Database, open, type RootDatabase } from 'lmdb'
import { checkTransaction } from './check-transaction.ts'
import { createLeaseTimers, type LeaseTimers } from './lease-timers.ts'
import type {
  KeyValue,
  MetadataStore,
  Operation,
  RangeQuery,
  RangeResult,
  Snapshot,
  Transaction,
  TransactionResult,
  Watch,
} from './metadata.ts'
import { ClosedError, CompactedError, UnavailableError } from './metadata.ts'
import { type Change, createWatches, type Watches } from './watches.ts'

export interface LmdbOptions {
  /** A folder; made when missing. */
  readonly path: string
  /** How many revisions of history a watch can go back at least, unless they are too large. */
  readonly historyRevisions?: number
  /** The history's values are held to about this many bytes. */
  readonly historyBytes?: number
}

interface Meta {
  readonly revision: number
  /** History before this revision is gone. */
  readonly compacted: number
  readonly historyBytes: number
  readonly nextLease: number
}

type Stored = Omit<KeyValue, 'key'>

const metaStart: Meta = { revision: 1, compacted: 1, historyBytes: 0, nextLease: 1 }
const formatVersion = 1
const compactedPerTransaction = 64

export function openLmdbStore(options: LmdbOptions): MetadataStore {
  mkdirSync(options.path, { recursive: true })
  return new LmdbStore(options)
}

class LmdbStore implements MetadataStore {
  readonly #root: RootDatabase
  readonly #meta: Database
  readonly #keys: Database<Stored, string>
  readonly #history: Database<readonly Change[], number>
  readonly #leases: Database<number, number>
  readonly #leaseKeys: Database<true, [number, string]>
  readonly #historyRevisions: number
  readonly #historyBytes: number
  readonly #timers: LeaseTimers
  readonly #watches: Watches
  #closed = false

  constructor(options: LmdbOptions) {
    this.#historyRevisions = options.historyRevisions ?? 10_000
    this.#historyBytes = options.historyBytes ?? 64 * 1024 * 1024
    // Without overlapping sync a commit is on the disk before its promise resolves.
    // Without event-turn batching nobody but the caller hears of a commit that failed: lmdb's own
    // promise for the batch would be rejected unheard, which ends the process.
    this.#root = open({
      path: options.path,
      overlappingSync: false,
      eventTurnBatching: false,
      maxDbs: 8,
    })
    this.#meta = this.#root.openDB({ name: 'meta' })
    this.#keys = this.#root.openDB({ name: 'keys' })
    this.#history = this.#root.openDB({ name: 'history' })
    this.#leases = this.#root.openDB({ name: 'leases' })
    this.#leaseKeys = this.#root.openDB({ name: 'lease-keys' })
    this.#checkFormat()
    this.#watches = createWatches((from, limit) => this.#readHistory(from, limit))
    this.#timers = createLeaseTimers((lease) => this.revokeLease(lease))
    for (const { key, value } of this.#leases.getRange()) this.#timers.set(key, value)
  }

  async get(key: string) {
    this.#assertOpen()
    const stored = this.#keys.get(key)
    return { revision: this.#readMeta().revision, entry: stored && { key, ...stored } }
  }

  async range(query: RangeQuery): Promise<RangeResult> {
    this.#assertOpen()
    return { revision: this.#readMeta().revision, ...this.#list(query) }
  }

  async snapshot(prefixes: readonly string[]): Promise<Snapshot> {
    this.#assertOpen()
    // All in one turn, so that no commit comes in between.
    const tables = prefixes.map((prefix) => this.#list({ prefix }).items)
    return { revision: this.#readMeta().revision, tables }
  }

  async transact(transaction: Transaction): Promise<TransactionResult> {
    this.#assertOpen()
    checkTransaction(transaction)
    const result = await this.#commit(() => this.#apply(transaction))
    return result
  }

  watch(prefix: string, fromRevision: number): Watch {
    this.#assertOpen()
    return this.#watches.open(prefix, fromRevision)
  }

  async compact(revision: number): Promise<void> {
    this.#assertOpen()
    await this.#commit(() => {
      const meta = this.#readMeta()
      const to = Math.min(revision, meta.revision)
      if (to > meta.compacted) this.#writeMeta(this.#compactTo(meta, to, Number.POSITIVE_INFINITY))
    })
  }

  async grantLease(ttlMs: number): Promise<number> {
    this.#assertOpen()
    const lease = await this.#commit(() => {
      const meta = this.#readMeta()
      this.#leases.putSync(meta.nextLease, ttlMs)
      this.#writeMeta({ ...meta, nextLease: meta.nextLease + 1 })
      return meta.nextLease
    })
    this.#timers.set(lease, ttlMs)
    return lease
  }

  async keepLease(lease: number): Promise<boolean> {
    this.#assertOpen()
    const ttlMs = this.#leases.get(lease)
    if (ttlMs === undefined) return false
    this.#timers.set(lease, ttlMs)
    return true
  }

  async revokeLease(lease: number): Promise<void> {
    this.#assertOpen()
    this.#timers.clear(lease)
    await this.#commit(() => {
      if (this.#leases.get(lease) === undefined) return
      const operations: Operation[] = []
      for (const [id, key] of this.#leaseKeys.getKeys({ start: [lease, ''] })) {
        if (id !== lease) break
        operations.push({ kind: 'delete', key })
      }
      this.#leases.removeSync(lease)
      this.#change(operations)
    })
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#timers.close()
    this.#watches.close()
    await this.#root.close()
  }

  #list(query: RangeQuery) {
    const { prefix, limit } = query
    const start = query.after !== undefined && query.after > prefix ? query.after : prefix
    const items: KeyValue[] = []
    for (const { key, value } of this.#keys.getRange({ start })) {
      if (!key.startsWith(prefix)) break
      if (key === query.after) continue
      if (limit !== undefined && items.length >= limit) return { items, more: true }
      items.push({ key, ...value })
    }
    return { items, more: false }
  }

  #assertOpen(): void {
    if (this.#closed) throw new ClosedError()
  }

  #checkFormat(): void {
    const found = this.#meta.get('format')
    if (found === undefined) this.#meta.putSync('format', formatVersion)
    else if (found !== formatVersion)
      throw new Error(`the metadata store has format ${found}; this release reads ${formatVersion}`)
  }

  async #commit<T>(change: () => T): Promise<T> {
    try {
      // A child, so that a change that throws half-way leaves nothing behind.
      const result = await this.#root.childTransaction(change)
      this.#root.resetReadTxn()
      this.#watches.wake()
      return result
    } catch (error) {
      const { commitError } = error as { commitError?: Promise<unknown> }
      if (!commitError) throw error
      commitError.catch(() => {})
      throw new UnavailableError('its disk does not take the write')
    }
  }

  #apply(transaction: Transaction): TransactionResult {
    const succeeded = transaction.compare.every(
      (compare) => (this.#keys.get(compare.key)?.modRevision ?? 0) === compare.modRevision,
    )
    const operations = succeeded ? transaction.success : (transaction.failure ?? [])
    for (const operation of operations) {
      if (operation.kind !== 'put' || !operation.lease) continue
      if (this.#leases.get(operation.lease) === undefined)
        throw new Error(`lease ${operation.lease} is not known`)
    }
    return { succeeded, ...this.#change(operations) }
  }

  #change(operations: readonly Operation[]) {
    const meta = this.#readMeta()
    const revision = meta.revision + 1
    const changes: Change[] = []
    const reads: (KeyValue | undefined)[] = []
    for (const operation of operations) {
      const old = this.#keys.get(operation.key)
      if (operation.kind === 'get') reads.push(old && { key: operation.key, ...old })
      else if (operation.kind === 'put') changes.push(this.#put(operation, old, revision))
      else if (old) changes.push(this.#delete(operation.key, old))
    }
    if (changes.length === 0) return { revision: meta.revision, reads }
    this.#history.putSync(revision, changes)
    const historyBytes = meta.historyBytes + bytesOf(changes)
    this.#writeMeta(this.#trimHistory({ ...meta, revision, historyBytes }))
    return { revision, reads }
  }

  #put(
    { key, value, lease = 0 }: { key: string; value: Uint8Array; lease?: number },
    old: Stored | undefined,
    revision: number,
  ): Change {
    const stored: Stored = {
      value: Buffer.from(value),
      createRevision: old?.createRevision ?? revision,
      modRevision: revision,
      version: (old?.version ?? 0) + 1,
      lease,
    }
    if (old && old.lease !== 0 && old.lease !== lease) this.#leaseKeys.removeSync([old.lease, key])
    if (lease !== 0) this.#leaseKeys.putSync([lease, key], true)
    this.#keys.putSync(key, stored)
    return { key, stored }
  }

  #delete(key: string, old: Stored): Change {
    if (old.lease !== 0) this.#leaseKeys.removeSync([old.lease, key])
    this.#keys.removeSync(key)
    return { key }
  }

  #trimHistory(meta: Meta): Meta {
    const revisions = meta.revision - meta.compacted
    if (revisions <= this.#historyRevisions && meta.historyBytes <= this.#historyBytes) return meta
    const target =
      meta.historyBytes > this.#historyBytes
        ? meta.revision
        : meta.revision - this.#historyRevisions
    return this.#compactTo(meta, target, compactedPerTransaction)
  }

  #compactTo(meta: Meta, revision: number, limit: number): Meta {
    let { compacted, historyBytes } = meta
    const end = Math.min(revision, compacted + limit)
    for (; compacted < end; compacted++) {
      const changes = this.#history.get(compacted)
      if (!changes) continue
      historyBytes -= bytesOf(changes)
      this.#history.removeSync(compacted)
    }
    return { ...meta, compacted, historyBytes }
  }

  #readHistory(from: number, limit: number) {
    this.#assertOpen()
    const { compacted, revision } = this.#readMeta()
    if (from < compacted) throw new CompactedError(compacted)
    const batches = [...this.#history.getRange({ start: from, limit })].map(({ key, value }) => ({
      revision: key,
      changes: value,
    }))
    return { revision, batches }
  }

  #readMeta(): Meta {
    return (this.#meta.get('state') as Meta | undefined) ?? metaStart
  }

  #writeMeta(meta: Meta): void {
    this.#meta.putSync('state', meta)
  }
}

function bytesOf(changes: readonly Change[]): number {
  return changes.reduce((sum, { key, stored }) => sum + key.length + (stored?.value.length ?? 0), 0)
}
