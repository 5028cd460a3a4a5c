/** What the parts of the suite share. */
import type { suite } from 'uvu'
import type { MetadataStore, Operation, WatchBatch } from '../../../../control/metadata/metadata.ts'

export interface StoreFactory {
  /** A new, empty place for a store; what it means is the implementation's. */
  createLocation(): Promise<string>
  open(location: string): Promise<MetadataStore>
  /** A module that exports `open` as above: a child process opens the store with it. */
  readonly module: string
}

export interface Context {
  store: MetadataStore
  location: string
}

export type Suite = ReturnType<typeof suite<Context>>

export const text = (value: Uint8Array | undefined) => value && Buffer.from(value).toString()

export const put = (key: string, value = 'v', lease = 0): Operation => ({
  kind: 'put',
  key,
  value: Buffer.from(value),
  ...(lease !== 0 && { lease }),
})

export const remove = (key: string): Operation => ({ kind: 'delete', key })

export const write = (store: MetadataStore, ...success: Operation[]) =>
  store.transact({ compare: [], success })

export const failure = (promise: Promise<unknown>) => promise.catch((reason: unknown) => reason)

export async function take(store: MetadataStore, prefix: string, from: number, count: number) {
  const batches: WatchBatch[] = []
  const watch = store.watch(prefix, from)
  for await (const batch of watch) if (batches.push(batch) === count) break
  return batches
}

export const namesOf = ({ events }: WatchBatch) =>
  events.map((event) => (event.kind === 'put' ? event.entry.key : `-${event.key}`))
