/** Revisions of changes and keys. */
import * as assert from 'uvu/assert'
import { put, remove, type Suite, text, write } from './support.ts'

export function addRevisions(test: Suite): void {
  test('a missing key is undefined, and reading takes no revision', async ({ store }) => {
    const { revision, entry } = await store.get('none')
    assert.is(entry, undefined)
    assert.is((await store.range({ prefix: '' })).revision, revision)
  })

  test('every change takes the next revision, and a key remembers its own', async ({ store }) => {
    const { revision } = await store.get('a')
    assert.is((await write(store, put('a', '1'))).revision, revision + 1)
    assert.is((await write(store, put('b', '1'))).revision, revision + 2)
    assert.is((await write(store, put('a', '2'))).revision, revision + 3)
    const { entry } = await store.get('a')
    assert.is(text(entry?.value), '2')
    assert.is(entry?.createRevision, revision + 1)
    assert.is(entry?.modRevision, revision + 3)
    assert.is(entry?.version, 2)
    assert.is(entry?.lease, 0)
  })

  test('a key that comes again begins anew', async ({ store }) => {
    await write(store, put('a'))
    await write(store, put('a'))
    await write(store, remove('a'))
    const { revision } = await write(store, put('a'))
    const { entry } = await store.get('a')
    assert.is(entry?.createRevision, revision)
    assert.is(entry?.version, 1)
  })

  test('what changes nothing takes no revision', async ({ store }) => {
    const { revision } = await write(store, put('a'))
    assert.is((await write(store, remove('none'))).revision, revision)
    assert.is((await write(store, { kind: 'get', key: 'a' })).revision, revision)
    assert.is((await write(store)).revision, revision)
  })

  test('a value that was read is the caller’s own', async ({ store }) => {
    const value = Buffer.from('before')
    await write(store, { kind: 'put', key: 'a', value })
    value.write('AFTER!')
    const { entry } = await store.get('a')
    entry?.value.fill(0)
    assert.is(text((await store.get('a')).entry?.value), 'before')
  })
}
