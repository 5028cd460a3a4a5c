/** The mirror shows what the store holds, whatever happens to the watch. */
import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { openLmdbStore } from '../../../control/metadata/lmdb.ts'
import type { MetadataStore } from '../../../control/metadata/metadata.ts'
import { openMirror } from '../../../control/model/mirror.ts'
import { deleteKey, putRecord } from '../../../control/model/record.ts'
import { volumeIdOf, volumeKind } from '../../../control/model/volume.ts'
import { volumeIn } from '../reconcile/samples.ts'
import { eventually, silentLog, temporaryFolder } from '../support/rig.ts'

const put = (store: MetadataStore, number: number, name = 'v') => {
  const volume = volumeIn({ kind: 'available' }, { id: volumeIdOf(number), number, name })
  return store.transact({ compare: [], success: [putRecord(volumeKind, volume.id, volume)] })
}

test('it begins with what there is and follows what changes', async () => {
  const store = openLmdbStore({ path: temporaryFolder() })
  await put(store, 1)
  const mirror = await openMirror(store, silentLog)
  assert.equal([...mirror.volumes.keys()], [volumeIdOf(1)])
  let changes = 0
  mirror.onChange(() => changes++)
  const { revision } = await put(store, 2, 'second')
  await eventually(
    () => mirror.revision(),
    (seen) => seen === revision,
  )
  const second = mirror.volumes.get(volumeIdOf(2))
  assert.equal([second?.value.name, second?.modRevision], ['second', revision])
  assert.is(changes, 1)
  // What is none of its business makes no noise.
  await store.transact({
    compare: [],
    success: [{ kind: 'put', key: 'x', value: Buffer.alloc(1) }],
  })
  await eventually(
    () => mirror.revision(),
    (seen) => seen === revision + 1,
  )
  assert.is(changes, 1)
  await store.transact({ compare: [], success: [deleteKey(volumeKind.prefix + volumeIdOf(1))] })
  await eventually(
    () => mirror.volumes.size,
    (size) => size === 1,
  )
  await mirror.close()
  await store.close()
})

test('it reads all anew when its place in the history was compacted', async () => {
  const store = openLmdbStore({ path: temporaryFolder(), historyRevisions: 100 })
  const mirror = await openMirror(store, silentLog)
  await put(store, 1)
  await eventually(
    () => mirror.volumes.size,
    (size) => size === 1,
  )
  // All of it in one turn of this process: the watch finds its next revision gone.
  const writes = Array.from({ length: 900 }, (_, i) => put(store, 1 + (i % 300), `v${i}`))
  await Promise.all(writes)
  await store.compact((await store.get('x')).revision)
  await store.transact({ compare: [], success: [deleteKey(volumeKind.prefix + volumeIdOf(7))] })
  await eventually(
    () => mirror.volumes.size,
    (size) => size === 299,
  )
  await delay(20)
  for (const [id, { modRevision }] of mirror.volumes)
    assert.is((await store.get(volumeKind.prefix + id)).entry?.modRevision, modRevision)
  await mirror.close()
  await store.close()
})

test('closing ends it, also after the store has closed', async () => {
  const store = openLmdbStore({ path: temporaryFolder() })
  const mirror = await openMirror(store, silentLog)
  await store.close()
  await mirror.close()
})

test.run()
