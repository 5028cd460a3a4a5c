/** The metadata store as a leader writes to it: nothing is written once another one leads. */
import { type MetadataStore, UnavailableError } from '../metadata/metadata.ts'
import type { Leadership } from './leadership.ts'

export function fencedStore(store: MetadataStore, leadership: Leadership): MetadataStore {
  return {
    get: (key) => store.get(key),
    range: (query) => store.range(query),
    snapshot: (prefixes) => store.snapshot(prefixes),
    watch: (prefix, fromRevision) => store.watch(prefix, fromRevision),
    compact: (revision) => store.compact(revision),
    grantLease: (ttlMs) => store.grantLease(ttlMs),
    keepLease: (lease) => store.keepLease(lease),
    revokeLease: (lease) => store.revokeLease(lease),
    close: () => store.close(),
    async transact(transaction) {
      if (!leadership.leads())
        throw new UnavailableError('this control process does not lead any more')
      const fence = leadership.fence()
      if (!fence) return store.transact(transaction)
      return store.transact({ ...transaction, compare: [fence, ...transaction.compare] })
    },
  }
}
