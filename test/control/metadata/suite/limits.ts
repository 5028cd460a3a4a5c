/** What breaks a limit, and what just does not. */
import * as assert from 'uvu/assert'
import {
  keyBytesMax,
  transactionOperationsMax,
  valueBytesMax,
} from '../../../../control/metadata/metadata.ts'
import { failure, put, remove, type Suite, write } from './support.ts'

export function addLimits(test: Suite): void {
  test('what breaks a limit is refused, and nothing is written', async ({ store }) => {
    const { revision } = await store.get('a')
    const refused = [
      [put('')],
      [put('x'.repeat(keyBytesMax + 1))],
      [{ kind: 'put', key: 'a', value: Buffer.alloc(valueBytesMax + 1) } as const],
      [put('good'), put('a'), remove('a')],
      Array.from({ length: transactionOperationsMax + 1 }, (_, i) => put(`k${i}`)),
    ]
    for (const success of refused) {
      const error = await failure(write(store, ...success))
      assert.instance(error, RangeError)
    }
    assert.is((await store.range({ prefix: '' })).items.length, 0)
    assert.is((await store.get('a')).revision, revision)
  })

  test('keys and values may be as large as the limits', async ({ store }) => {
    const key = 'k'.repeat(keyBytesMax)
    await write(store, { kind: 'put', key, value: Buffer.alloc(valueBytesMax, 7) })
    assert.is((await store.get(key)).entry?.value.length, valueBytesMax)
    const many = Array.from({ length: transactionOperationsMax }, (_, i) => put(`k${i}`))
    await write(store, ...many)
    const { items } = await store.range({ prefix: 'k' })
    assert.is(items.length, transactionOperationsMax + 1)
  })
}
