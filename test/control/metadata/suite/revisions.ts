/** Revisions of changes and keys. */
import * as assert from 'uvu/assert'
import { namesOf, put, remove, type Suite, take, text, write } from './support.ts'

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
    assert.is((await write(store, { kind: 'get', key: 'a' })).revision, revision)
    assert.is((await write(store)).revision, revision)
    const never = { compare: [{ key: 'a', modRevision: 0 }], success: [put('a')] }
    assert.is((await store.transact(never)).revision, revision)
  })

  test('removing what is not there changes nothing that a watch sees', async ({ store }) => {
    const { revision } = await write(store, put('a'))
    assert.is((await write(store, remove('none'))).succeeded, true)
    const taken = take(store, '', revision + 1, 1)
    await write(store, put('b'))
    assert.equal((await taken).map(namesOf), [['b']])
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
