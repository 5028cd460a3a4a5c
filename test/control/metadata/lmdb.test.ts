/** The embedded store: the suite of all stores, and what is its own. */
import { setTimeout as delay } from 'node:timers/promises'
import { open as openEnvironment } from 'lmdb'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { openLmdbStore } from '../../../control/metadata/lmdb.ts'
import { CompactedError, type MetadataStore } from '../../../control/metadata/metadata.ts'
import { temporaryFolder } from '../support/rig.ts'
import { runMetadataSuite } from './metadata-suite.ts'
import { open } from './open-lmdb.ts'

runMetadataSuite('lmdb', {
  createLocation: async () => temporaryFolder(),
  open,
  module: new URL('open-lmdb.ts', import.meta.url).href,
})

const put = (store: MetadataStore, key: string, size = 1) =>
  store.transact({ compare: [], success: [{ kind: 'put', key, value: Buffer.alloc(size) }] })

async function firstOf(store: MetadataStore, from: number): Promise<number> {
  for await (const { revision } of store.watch('', from)) return revision
  return 0
}

test('history is held to its number of revisions', async () => {
  const store = openLmdbStore({ path: temporaryFolder(), historyRevisions: 10 })
  for (let i = 0; i < 50; i++) await put(store, `k${i}`)
  const { revision } = await store.get('k')
  assert.is(await firstOf(store, revision - 9), revision - 9)
  const error = await firstOf(store, revision - 20).catch((reason: unknown) => reason)
  assert.instance(error, CompactedError)
  assert.is((await store.range({ prefix: 'k' })).items.length, 50)
  await store.close()
})

test('history is held to its bytes, however few its revisions', async () => {
  const store = openLmdbStore({ path: temporaryFolder(), historyBytes: 10_000 })
  const { revision } = await put(store, 'first', 4000)
  for (let i = 0; i < 5; i++) await put(store, 'large', 4000)
  const error = await firstOf(store, revision).catch((reason: unknown) => reason)
  assert.instance(error, CompactedError)
  await store.close()
})

test('a watcher that sleeps too long is told so, and costs nothing meanwhile', async () => {
  const store = openLmdbStore({ path: temporaryFolder(), historyRevisions: 100 })
  const { revision } = await put(store, 'k')
  const seen: number[] = []
  const watching = (async () => {
    for await (const batch of store.watch('', revision)) {
      seen.push(batch.revision)
      if (seen.length === 1) await delay(300)
    }
  })().catch((reason: unknown) => reason)
  await delay(10)
  await Promise.all(Array.from({ length: 400 }, (_, i) => put(store, `k${i}`)))
  assert.instance(await watching, CompactedError)
  assert.ok(seen.length < 200)
  await store.close()
})

test('a store of another format is refused with a sentence', async () => {
  const path = temporaryFolder()
  const environment = openEnvironment({ path, maxDbs: 8 })
  await environment.openDB({ name: 'meta' }).put('format', 7)
  await environment.close()
  assert.throws(() => openLmdbStore({ path }), /has format 7; this release reads 1/)
})

test.run()
