/**
 * The metadata store as control sees it: ordered keys under one growing revision, with etcd's
 * semantics.
 *
 * Every transaction that changes something gets the next revision; others may come between, for
 * what a store keeps for itself and for its neighbours in the same etcd. A compare-and-swap
 * compares the modRevision of what was read; 0 stands for "does not exist". A watch replays history
 * from a revision and goes on live; when that history has been compacted it fails with
 * CompactedError, and the caller lists again and watches from there.
 */

export interface KeyValue {
  readonly key: string
  readonly value: Uint8Array
  readonly createRevision: number
  readonly modRevision: number
  /** How often the key was put since it was created; starts at 1. */
  readonly version: number
  /** The lease that deletes the key when it runs out; 0: none. */
  readonly lease: number
}

export interface Compare {
  readonly key: string
  /** The modRevision the key must have; 0: it must not exist. */
  readonly modRevision: number
}

export type Operation =
  | {
      readonly kind: 'put'
      readonly key: string
      readonly value: Uint8Array
      readonly lease?: number
    }
  | { readonly kind: 'delete'; readonly key: string }
  | { readonly kind: 'get'; readonly key: string }

export interface Transaction {
  readonly compare: readonly Compare[]
  readonly success: readonly Operation[]
  readonly failure?: readonly Operation[]
}

export interface TransactionResult {
  readonly succeeded: boolean
  /** The store's revision after the transaction. */
  readonly revision: number
  /** What the branch's `get` operations found, in their order. */
  readonly reads: readonly (KeyValue | undefined)[]
}

export interface RangeQuery {
  readonly prefix: string
  /** Only keys after this one. */
  readonly after?: string
  /** At most this many; without it, all. */
  readonly limit?: number
}

export interface RangeResult {
  readonly revision: number
  readonly items: readonly KeyValue[]
  readonly more: boolean
}

export interface Snapshot {
  readonly revision: number
  /** The keys under each prefix, in the order of the prefixes. */
  readonly tables: readonly (readonly KeyValue[])[]
}

export type WatchEvent =
  | { readonly kind: 'put'; readonly entry: KeyValue }
  | { readonly kind: 'delete'; readonly key: string; readonly modRevision: number }

/** What one revision changed under the watched prefix. Never empty. */
export interface WatchBatch {
  readonly revision: number
  readonly events: readonly WatchEvent[]
}

export interface Watch extends AsyncIterable<WatchBatch> {
  close(): void
}

export interface MetadataStore {
  get(key: string): Promise<{ readonly revision: number; readonly entry: KeyValue | undefined }>
  range(query: RangeQuery): Promise<RangeResult>
  /** Several ranges as they were at one revision: a watch from the next one misses nothing. */
  snapshot(prefixes: readonly string[]): Promise<Snapshot>
  transact(transaction: Transaction): Promise<TransactionResult>
  /** Changes under `prefix` from `fromRevision` on, itself included. */
  watch(prefix: string, fromRevision: number): Watch
  /** Forgets the history below `revision`; what the keys hold now stays. */
  compact(revision: number): Promise<void>
  /** Returns the lease's id. */
  grantLease(ttlMs: number): Promise<number>
  /** False when the lease is not known any more: its keys are gone. */
  keepLease(lease: number): Promise<boolean>
  revokeLease(lease: number): Promise<void>
  /** Ends watches, then releases the store. Later calls reject with ClosedError. */
  close(): Promise<void>
}

/** The history asked for is forgotten: list, then watch from the list's revision + 1. */
export class CompactedError extends Error {
  override readonly name = 'CompactedError'
  /** The oldest revision a watch can start from. */
  readonly compactRevision: number

  constructor(compactRevision: number) {
    super(`the history before revision ${compactRevision} has been compacted`)
    this.compactRevision = compactRevision
  }
}

/**
 * The store cannot be reached, or cannot write. What was asked for may or may not have happened.
 */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError'
}

export class ClosedError extends Error {
  override readonly name = 'ClosedError'

  constructor() {
    super('the metadata store is closed')
  }
}

/** etcd takes 128 unless it is told otherwise; a few are left for what a store adds of its own. */
export const transactionOperationsMax = 120
export const keyBytesMax = 512
export const valueBytesMax = 1_048_576
