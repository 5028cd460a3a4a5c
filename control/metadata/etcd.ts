/**
 * The metadata store on etcd: for several control processes.
 *
 * Under the configured prefix lie `data/`, the keys of the store, and `operation/`, the slots by
 * which a transaction whose answer was lost is known to have happened or not (etcd/swaps.ts).
 */
import { randomInt } from 'node:crypto'
import { checkTransaction } from './check-transaction.ts'
import {
  type Connection,
  connectEtcd,
  type EtcdOptions,
  type IRangeResponse,
  type RefusalReason,
  RefusedByEtcd,
} from './etcd/connection.ts'
import {
  createKeySpace,
  type KeySpace,
  revisionOf,
  toCompare,
  toKeyValue,
  toReads,
  toRequest,
} from './etcd/keys.ts'
import { createSwaps, type Swaps } from './etcd/swaps.ts'
import { sweepSlots } from './etcd/sweep.ts'
import { followChanges } from './etcd/watch.ts'
import {
  ClosedError,
  type KeyValue,
  type MetadataStore,
  type Operation,
  type RangeQuery,
  type RangeResult,
  type Snapshot,
  type Transaction,
  type TransactionResult,
  UnavailableError,
  type Watch,
} from './metadata.ts'

export type { EtcdOptions } from './etcd/connection.ts'

/** Keys in one answer: as much as etcd likes to send at once. */
const pageKeys = 1000
const snapshotAttemptsMax = 5

/** Resolves when etcd has answered; rejects with UnavailableError, and why, when it does not. */
export async function openEtcdStore(options: EtcdOptions): Promise<MetadataStore> {
  const connection = connectEtcd(options)
  const store = new EtcdStore(connection, options)
  try {
    await store.get('')
    await sweepSlots(connection, createKeySpace(slotRoot(options)), Date.now())
    return store
  } catch (error) {
    await store.close()
    throw error
  }
}

const slotRoot = ({ prefix }: EtcdOptions) => `${prefix}operation/`

class EtcdStore implements MetadataStore {
  readonly #connection: Connection
  readonly #keys: KeySpace
  readonly #swaps: Swaps
  readonly #watches = new Set<AbortController>()
  #closed = false

  constructor(connection: Connection, options: EtcdOptions) {
    this.#connection = connection
    this.#keys = createKeySpace(`${options.prefix}data/`)
    const slotKeys = createKeySpace(slotRoot(options))
    this.#swaps = createSwaps(connection, slotKeys, options.timeoutMs)
  }

  async get(key: string) {
    this.#assertOpen()
    const found = await this.#ask(() => this.#connection.range({ key: this.#keys.inside(key) }))
    const [entry] = found.kvs
    return { revision: revisionOf(found), entry: entry && toKeyValue(this.#keys, entry) }
  }

  async range({ prefix, after, limit }: RangeQuery): Promise<RangeResult> {
    this.#assertOpen()
    return this.#ask(() => this.#list(prefix, { after, limit }))
  }

  async snapshot(prefixes: readonly string[]): Promise<Snapshot> {
    this.#assertOpen()
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#ask(() => this.#readTables(prefixes))
      } catch (error) {
        // The revision was compacted between two of the ranges: another one is read.
        const isCompacted = error instanceof RefusedByEtcd && error.reason === 'range'
        if (!isCompacted || attempt === snapshotAttemptsMax) throw error
      }
    }
  }

  async transact(transaction: Transaction): Promise<TransactionResult> {
    this.#assertOpen()
    checkTransaction(transaction)
    const { compare, success, failure = [] } = transaction
    const request = (operation: Operation) => toRequest(this.#keys, operation)
    const result = await this.#ask(() =>
      this.#swaps.run({
        compare: compare.map((one) => toCompare(this.#keys, one)),
        success: success.map(request),
        failure: failure.map(request),
        writes: { success: success.some(isWrite), failure: failure.some(isWrite) },
      }),
    )
    const { succeeded, revision, responses } = result
    const operations = succeeded ? success : failure
    if (!responses && !operations.every(isWrite))
      throw new UnavailableError('the write was carried out, but what it read is lost')
    return { succeeded, revision, reads: toReads(this.#keys, operations, responses ?? []) }
  }

  watch(prefix: string, fromRevision: number): Watch {
    this.#assertOpen()
    const ending = new AbortController()
    this.#watches.add(ending)
    const forget = () => this.#watches.delete(ending)
    const changes = followChanges(this.#connection, this.#keys, {
      prefix,
      fromRevision,
      signal: ending.signal,
    })
    return {
      close() {
        forget()
        ending.abort()
      },
      async *[Symbol.asyncIterator]() {
        try {
          yield* changes
        } finally {
          forget()
        }
      },
    }
  }

  async compact(revision: number): Promise<void> {
    this.#assertOpen()
    const { revision: now } = await this.get('')
    // etcd forgets what it compacts to as well, where that is a deletion.
    const last = Math.min(revision, now) - 1
    if (last < 1) return
    await this.#ask(() => this.#connection.compact(last)).catch(unlessRefused('range'))
  }

  async grantLease(ttlMs: number): Promise<number> {
    this.#assertOpen()
    // Chosen here, so that it is a number that JavaScript can hold.
    const lease = randomInt(1, leaseMax)
    await this.#ask(() => this.#connection.grantLease(lease, Math.ceil(ttlMs / 1000)))
    return lease
  }

  async keepLease(lease: number): Promise<boolean> {
    this.#assertOpen()
    return (await this.#ask(() => this.#connection.keepLease(lease))) > 0
  }

  async revokeLease(lease: number): Promise<void> {
    this.#assertOpen()
    await this.#ask(() => this.#connection.revokeLease(lease)).catch(unlessRefused('lease'))
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const watch of this.#watches) watch.abort()
    await this.#swaps.close()
    this.#connection.close()
  }

  #assertOpen(): void {
    if (this.#closed) throw new ClosedError()
  }

  /** A refusal of the kind that only who runs etcd can mend is told as etcd's absence. */
  async #ask<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call()
    } catch (error) {
      if (error instanceof RefusedByEtcd && mended.has(error.reason))
        throw new UnavailableError(`etcd refuses it: ${error.message}`)
      throw error
    }
  }

  async #readTables(prefixes: readonly string[]): Promise<Snapshot> {
    let revision: number | undefined
    const tables: KeyValue[][] = []
    for (const prefix of prefixes) {
      const read = await this.#list(prefix, { revision })
      revision ??= read.revision
      tables.push(read.items)
    }
    return { revision: revision ?? revisionOf(await this.#page('', {})), tables }
  }

  /** Page by page at one revision. */
  async #list(prefix: string, options: ListOptions) {
    const items: KeyValue[] = []
    let { after, revision } = options
    for (;;) {
      const left = options.limit === undefined ? pageKeys : options.limit - items.length
      const limit = Math.min(pageKeys, left)
      const page = await this.#page(prefix, { after, revision, limit })
      revision ??= revisionOf(page)
      items.push(...page.kvs.map((entry) => toKeyValue(this.#keys, entry)))
      if (!page.more || items.length === options.limit) return { revision, items, more: page.more }
      after = items.at(-1)?.key
    }
  }

  #page(prefix: string, { after, limit = 1, revision = 0 }: ListOptions): Promise<IRangeResponse> {
    // The next key after one is itself with a zero byte.
    const key = after !== undefined && after > prefix ? `${after}\0` : prefix
    return this.#connection.range({
      key: this.#keys.inside(key),
      range_end: this.#keys.end(prefix),
      limit,
      revision,
    })
  }
}

interface ListOptions {
  readonly after?: string | undefined
  readonly limit?: number | undefined
  readonly revision?: number | undefined
}

const leaseMax = 2 ** 48 - 1
const mended: ReadonlySet<RefusalReason> = new Set(['denied', 'full'])

const isWrite = ({ kind }: Operation) => kind !== 'get'

function unlessRefused(reason: RefusalReason) {
  return (error: unknown) => {
    if (!(error instanceof RefusedByEtcd && error.reason === reason)) throw error
  }
}
