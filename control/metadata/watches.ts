/**
 * Watches over a stored history: each holds a position in it and sleeps when it has seen
 * everything.
 */
import type { KeyValue, Watch, WatchBatch, WatchEvent } from './metadata.ts'

export interface Change {
  readonly key: string
  /** What the key holds since; missing when it was deleted. */
  readonly stored?: Omit<KeyValue, 'key'>
}

export interface HistoryPage {
  /** The store's revision when the page was read. */
  readonly revision: number
  readonly batches: readonly { readonly revision: number; readonly changes: readonly Change[] }[]
}

export interface Watches {
  open(prefix: string, fromRevision: number): Watch
  /** Something was committed. */
  wake(): void
  close(): void
}

const pageLimit = 64

export function createWatches(read: (from: number, limit: number) => HistoryPage): Watches {
  const opened = new Set<{ close(): void; wake(): void }>()

  return {
    open(prefix, fromRevision) {
      let closed = false
      let wake = () => {}
      const watch = {
        wake: () => wake(),
        close() {
          closed = true
          opened.delete(watch)
          wake()
        },
        async *[Symbol.asyncIterator](): AsyncGenerator<WatchBatch> {
          let next = fromRevision
          try {
            while (!closed) {
              // Made before reading, so that a commit in between is not missed.
              const changed = new Promise<void>((resolve) => {
                wake = resolve
              })
              const page = read(next, pageLimit)
              for (const { revision, changes } of page.batches) {
                next = revision + 1
                const events = eventsUnder(prefix, revision, changes)
                if (events.length > 0) yield { revision, events }
                if (closed) return
              }
              if (page.batches.length < pageLimit) {
                next = Math.max(next, page.revision + 1)
                await changed
              }
            }
          } finally {
            opened.delete(watch)
          }
        },
      }
      opened.add(watch)
      return watch
    },
    wake() {
      for (const watch of opened) watch.wake()
    },
    close() {
      for (const watch of [...opened]) watch.close()
    },
  }
}

function eventsUnder(prefix: string, revision: number, changes: readonly Change[]): WatchEvent[] {
  return changes
    .filter(({ key }) => key.startsWith(prefix))
    .map(({ key, stored }) =>
      stored
        ? { kind: 'put' as const, entry: { key, ...stored } }
        : { kind: 'delete' as const, key, modRevision: revision },
    )
}
