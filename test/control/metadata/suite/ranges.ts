/** Ranges and pages. */
import * as assert from 'uvu/assert'
import { put, remove, type Suite, write } from './support.ts'

export function addRanges(test: Suite): void {
  test('a range has the keys of its prefix in order, and no others', async ({ store }) => {
    await write(
      store,
      ...['a/2', 'a/1', 'a', 'a0', 'b/1', 'a/é', 'a/1/x', 'a/𝒂'].map((k) => put(k)),
    )
    const { items, more } = await store.range({ prefix: 'a/' })
    assert.equal(
      items.map(({ key }) => key),
      ['a/1', 'a/1/x', 'a/2', 'a/é', 'a/𝒂'],
    )
    assert.is(more, false)
    assert.is((await store.range({ prefix: '' })).items.length, 8)
    assert.is((await store.range({ prefix: 'c' })).items.length, 0)
  })

  test('a range goes by pages', async ({ store }) => {
    for (let i = 0; i < 5; i++) await write(store, put(`p/${i}`))
    await write(store, put('q'))
    const first = await store.range({ prefix: 'p/', limit: 2 })
    assert.equal([first.items.map(({ key }) => key), first.more], [['p/0', 'p/1'], true])
    const last = await store.range({ prefix: 'p/', limit: 3, after: 'p/1' })
    assert.equal([last.items.map(({ key }) => key), last.more], [['p/2', 'p/3', 'p/4'], false])
    assert.is((await store.range({ prefix: 'p/', after: 'p/4' })).items.length, 0)
    assert.is((await store.range({ prefix: 'p/', after: 'a' })).items.length, 5)
    assert.is((await store.range({ prefix: 'p/', after: 'z' })).items.length, 0)
    // The key itself may have gone since the page before.
    await write(store, remove('p/2'))
    const { items } = await store.range({ prefix: 'p/', after: 'p/2' })
    assert.equal(
      items.map(({ key }) => key),
      ['p/3', 'p/4'],
    )
  })

  test('a snapshot is several ranges at one revision, while others write', async ({ store }) => {
    const both = () => write(store, put('x/1'), put('y/1'))
    await both()
    let isWriting = true
    const writing = (async () => {
      while (isWriting) await both()
    })()
    for (let i = 0; i < 20; i++) {
      const { revision, tables } = await store.snapshot(['x/', 'y/', 'none/'])
      const [x, y, none] = tables
      assert.is(x?.[0]?.modRevision, y?.[0]?.modRevision)
      assert.ok(revision >= (x?.[0]?.modRevision ?? 0))
      assert.equal([x?.length, y?.length, none], [1, 1, []])
    }
    isWriting = false
    await writing
  })

  test('a range of many keys is whole', async ({ store }) => {
    for (let i = 0; i < 2500; i += 100)
      await write(
        store,
        ...Array.from({ length: 100 }, (_, j) => put(`m/${String(i + j).padStart(4, '0')}`)),
      )
    const { items, more } = await store.range({ prefix: 'm/' })
    assert.equal([items.length, more], [2500, false])
    assert.is(items.at(-1)?.key, 'm/2499')
    const part = await store.range({ prefix: 'm/', after: 'm/0099', limit: 1200 })
    assert.equal([part.items.length, part.more, part.items[0]?.key], [1200, true, 'm/0100'])
  })
}
