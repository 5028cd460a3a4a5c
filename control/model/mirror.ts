/**
 * The cell's volumes, attachments and nodes as last read, kept up by a watch.
 *
 * It may be a moment behind: what is decided on it is written by compare-and-swap.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import {
  ClosedError,
  CompactedError,
  type MetadataStore,
  type Watch,
  type WatchEvent,
} from '../metadata/metadata.ts'
import { type Attachment, attachmentKind } from './attachment.ts'
import { type Node, nodeKind } from './node.ts'
import { type PlacementGroup, placementGroupKind } from './placement-group.ts'
import type { RecordKind, Stored } from './record.ts'
import { type ScrubRequest, scrubRequestKind } from './scrub-request.ts'
import { type Volume, volumeKind } from './volume.ts'

export interface Mirror {
  /** What it shows is the cell at this revision. */
  revision(): number
  /** By id. */
  readonly volumes: ReadonlyMap<string, Stored<Volume>>
  /** By id. */
  readonly attachments: ReadonlyMap<string, Stored<Attachment>>
  /** By name. */
  readonly nodes: ReadonlyMap<string, Stored<Node>>
  /** By placementGroupName of its number. */
  readonly placementGroups: ReadonlyMap<string, Stored<PlacementGroup>>
  /** By the node's name. */
  readonly scrubRequests: ReadonlyMap<string, Stored<ScrubRequest>>
  /** Called after each change, in no hurry: several changes may have been made. */
  onChange(listener: () => void): void
  close(): Promise<void>
}

const retryMs = 1000

/** Resolves when it has been filled. */
export async function openMirror(store: MetadataStore, log: Logger): Promise<Mirror> {
  const mirror = new WatchedMirror(store, log)
  await mirror.open()
  return mirror
}

interface Table<T> {
  readonly kind: RecordKind<T>
  readonly rows: Map<string, Stored<T>>
}

const tableOf = <T>(kind: RecordKind<T>): Table<T> => ({ kind, rows: new Map() })

class WatchedMirror implements Mirror {
  readonly #store: MetadataStore
  readonly #log: Logger
  readonly #volumes = tableOf(volumeKind)
  readonly #attachments = tableOf(attachmentKind)
  readonly #nodes = tableOf(nodeKind)
  readonly #placementGroups = tableOf(placementGroupKind)
  readonly #scrubRequests = tableOf(scrubRequestKind)
  readonly #listeners: (() => void)[] = []
  #revision = 0
  #watch: Watch | undefined
  #following: Promise<void> | undefined
  #closed = false

  constructor(store: MetadataStore, log: Logger) {
    this.#store = store
    this.#log = log
  }

  get volumes() {
    return this.#volumes.rows
  }
  get attachments() {
    return this.#attachments.rows
  }
  get nodes() {
    return this.#nodes.rows
  }
  get placementGroups() {
    return this.#placementGroups.rows
  }
  get scrubRequests() {
    return this.#scrubRequests.rows
  }
  revision() {
    return this.#revision
  }
  onChange(listener: () => void) {
    this.#listeners.push(listener)
  }

  async open(): Promise<void> {
    await this.#fill()
    this.#following = this.#follow()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#watch?.close()
    await this.#following
  }

  #tables(): readonly Table<unknown>[] {
    const tables = [
      this.#volumes,
      this.#attachments,
      this.#nodes,
      this.#placementGroups,
      this.#scrubRequests,
    ]
    return tables as readonly Table<unknown>[]
  }

  async #fill(): Promise<void> {
    const prefixes = this.#tables().map(({ kind }) => kind.prefix)
    const { revision, tables } = await this.#store.snapshot(prefixes)
    for (const [index, { kind, rows }] of this.#tables().entries()) {
      rows.clear()
      for (const entry of tables[index] ?? [])
        rows.set(entry.key.slice(kind.prefix.length), kind.decode(entry))
    }
    this.#revision = revision
    this.#notify()
  }

  async #follow(): Promise<void> {
    while (!this.#closed) {
      try {
        this.#watch = this.#store.watch('', this.#revision + 1)
        for await (const { revision, events } of this.#watch) {
          this.#revision = revision
          if (events.filter((event) => this.#take(event)).length > 0) this.#notify()
        }
      } catch (error) {
        if (error instanceof ClosedError || this.#closed) return
        if (!(error instanceof CompactedError)) {
          this.#log.error(error, 'watching the metadata store failed; it is read anew')
          await delay(retryMs)
        }
        await this.#refill()
      }
    }
  }

  async #refill(): Promise<void> {
    try {
      await this.#fill()
    } catch (error) {
      if (this.#closed) return
      this.#log.error(error, 'the metadata store could not be read; it is tried again')
      await delay(retryMs)
    }
  }

  #take(event: WatchEvent): boolean {
    const key = event.kind === 'put' ? event.entry.key : event.key
    const table = this.#tables().find(({ kind }) => key.startsWith(kind.prefix))
    if (!table) return false
    const name = key.slice(table.kind.prefix.length)
    if (event.kind === 'put') table.rows.set(name, table.kind.decode(event.entry))
    else table.rows.delete(name)
    return true
  }

  #notify(): void {
    for (const listener of this.#listeners) listener()
  }
}
