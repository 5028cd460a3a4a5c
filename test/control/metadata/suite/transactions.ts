/** Compare-and-swap. */
import * as assert from 'uvu/assert'
import { put, remove, type Suite, text, write } from './support.ts'

export function addTransactions(test: Suite): void {
  test('several operations are one revision', async ({ store }) => {
    await write(store, put('c'))
    const { revision } = await write(store, put('a'), put('b'), remove('c'))
    assert.is((await store.get('a')).entry?.modRevision, revision)
    assert.is((await store.get('b')).entry?.modRevision, revision)
    assert.is((await store.get('c')).entry, undefined)
  })

  test('a compare-and-swap holds for the revision that was read, and only for it', async ({
    store,
  }) => {
    const { revision } = await write(store, put('a', '1'))
    const swap = (modRevision: number) =>
      store.transact({ compare: [{ key: 'a', modRevision }], success: [put('a', 'swapped')] })
    assert.is((await swap(revision + 1)).succeeded, false)
    assert.is((await swap(0)).succeeded, false)
    assert.is(text((await store.get('a')).entry?.value), '1')
    assert.is((await swap(revision)).succeeded, true)
    assert.is((await swap(revision)).succeeded, false)
  })

  test('revision 0 stands for a key that does not exist', async ({ store }) => {
    const create = () =>
      store.transact({ compare: [{ key: 'a', modRevision: 0 }], success: [put('a')] })
    assert.is((await create()).succeeded, true)
    assert.is((await create()).succeeded, false)
    await write(store, remove('a'))
    assert.is((await create()).succeeded, true)
  })

  test('the failure branch runs when one comparison fails', async ({ store }) => {
    const { revision } = await write(store, put('a', '1'))
    const result = await store.transact({
      compare: [
        { key: 'a', modRevision: revision },
        { key: 'none', modRevision: 7 },
      ],
      success: [put('b')],
      failure: [put('c', 'failed'), { kind: 'get', key: 'a' }, { kind: 'get', key: 'none' }],
    })
    assert.is(result.succeeded, false)
    assert.is(result.revision, revision + 1)
    assert.equal(
      result.reads.map((read) => text(read?.value)),
      ['1', undefined],
    )
    assert.is((await store.get('b')).entry, undefined)
    assert.is(text((await store.get('c')).entry?.value), 'failed')
  })

  test('of many swaps at once exactly one wins each time', async ({ store }) => {
    const add = async () => {
      for (;;) {
        const { entry } = await store.get('sum')
        const compare = [{ key: 'sum', modRevision: entry?.modRevision ?? 0 }]
        const next = Number(text(entry?.value) ?? 0) + 1
        const { succeeded } = await store.transact({ compare, success: [put('sum', `${next}`)] })
        if (succeeded) return
      }
    }
    await Promise.all(Array.from({ length: 20 }, add))
    assert.is(text((await store.get('sum')).entry?.value), '20')
  })
}
