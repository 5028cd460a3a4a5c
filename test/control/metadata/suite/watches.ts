/** What watches see. */
import { setTimeout as delay } from 'node:timers/promises'
import * as assert from 'uvu/assert'
import { CompactedError } from '../../../../control/metadata/metadata.ts'
import { failure, namesOf, put, remove, type Suite, take, text, write } from './support.ts'

export function addWatches(test: Suite): void {
  test('a watch replays from its revision and goes on live', async ({ store }) => {
    await write(store, put('a', 'unseen'))
    const { revision } = await write(store, put('a', 'seen'))
    const taken = take(store, '', revision, 3)
    await delay(10)
    await write(store, put('b'), put('c'))
    await write(store, remove('a'))
    const batches = await taken
    assert.equal(batches.map(namesOf), [['a'], ['b', 'c'], ['-a']])
    assert.equal(
      batches.map((batch) => batch.revision),
      [revision, revision + 1, revision + 2],
    )
    const [event] = batches[0]?.events ?? []
    assert.is(event?.kind === 'put' && text(event.entry.value), 'seen')
  })

  test('a watch sees its prefix only', async ({ store }) => {
    const { revision } = await store.get('a')
    await write(store, put('x/1'), put('y/1'))
    await write(store, put('y/2'))
    await write(store, put('x/2'))
    const batches = await take(store, 'x/', revision + 1, 2)
    assert.equal(batches.map(namesOf), [['x/1'], ['x/2']])
    assert.equal(
      batches.map((batch) => batch.revision),
      [revision + 1, revision + 3],
    )
  })

  test('a watch may begin in the future', async ({ store }) => {
    const { revision } = await store.get('a')
    const taken = take(store, '', revision + 2, 1)
    await write(store, put('early'))
    await write(store, put('due'))
    assert.equal((await taken).map(namesOf), [['due']])
  })
}

export function addWatchLife(test: Suite): void {
  test('nothing is lost or doubled while others write', async ({ store }) => {
    const { revision } = await store.get('a')
    const taken = Promise.all([
      take(store, '', revision + 1, 200),
      take(store, '', revision + 1, 200),
    ])
    for (let i = 0; i < 20; i++)
      await Promise.all(Array.from({ length: 10 }, (_, j) => write(store, put(`k${i * 10 + j}`))))
    for (const batches of await taken)
      assert.equal(
        batches.map((batch) => batch.revision),
        Array.from({ length: 200 }, (_, i) => revision + 1 + i),
      )
  })

  test('a watch of history that was compacted fails, and says where it can begin', async ({
    store,
  }) => {
    for (let i = 0; i < 5; i++) await write(store, put('a', `${i}`))
    const { revision } = await store.get('a')
    await store.compact(revision)
    const error = await failure(take(store, '', revision - 2, 1))
    assert.instance(error, CompactedError)
    assert.is((error as CompactedError).compactRevision, revision)
    const [batch] = await take(store, '', revision, 1)
    assert.is(batch?.revision, revision)
    assert.is(text((await store.get('a')).entry?.value), '4')
  })

  test('closing a watch ends it, whether it waits or not', async ({ store }) => {
    const { revision } = await store.get('a')
    const watch = store.watch('', revision + 1)
    const ended = (async () => {
      for await (const _ of watch) assert.unreachable()
    })()
    await delay(10)
    watch.close()
    await ended
    const early = store.watch('', revision + 1)
    early.close()
    await write(store, put('a'))
    for await (const _ of early) assert.unreachable()
  })
}
