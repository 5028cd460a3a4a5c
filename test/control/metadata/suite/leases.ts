/** Leases. */
import { setTimeout as delay } from 'node:timers/promises'
import * as assert from 'uvu/assert'
import { namesOf, put, type Suite, take, write } from './support.ts'

export function addLeases(test: Suite): void {
  test('a key goes with its lease, as one change that watches see', async ({ store }) => {
    const lease = await store.grantLease(200)
    const { revision } = await write(
      store,
      put('l/1', 'v', lease),
      put('l/2', 'v', lease),
      put('n'),
    )
    assert.is((await store.get('l/1')).entry?.lease, lease)
    const [batch] = await take(store, 'l/', revision + 1, 1)
    assert.equal(batch && namesOf(batch).sort(), ['-l/1', '-l/2'])
    assert.is((await store.get('l/1')).entry, undefined)
    assert.ok((await store.get('n')).entry)
    assert.is(await store.keepLease(lease), false)
  })

  test('a lease that is kept lives on', async ({ store }) => {
    const lease = await store.grantLease(1500)
    await write(store, put('a', 'v', lease))
    for (let i = 0; i < 10; i++) {
      await delay(200)
      assert.is(await store.keepLease(lease), true)
    }
    assert.ok((await store.get('a')).entry)
  })

  test('revoking a lease takes its keys at once', async ({ store }) => {
    const lease = await store.grantLease(600_000)
    const { revision } = await write(store, put('a', 'v', lease))
    await store.revokeLease(lease)
    const { entry, revision: after } = await store.get('a')
    assert.is(entry, undefined)
    assert.is(after, revision + 1)
    assert.is(await store.keepLease(lease), false)
    await store.revokeLease(lease)
  })

  test('a key that was put again without its lease stays', async ({ store }) => {
    const lease = await store.grantLease(600_000)
    const other = await store.grantLease(600_000)
    await write(store, put('a', 'v', lease), put('b', 'v', lease))
    await write(store, put('a'), put('b', 'v', other))
    await store.revokeLease(lease)
    assert.ok((await store.get('a')).entry)
    assert.is((await store.get('b')).entry?.lease, other)
  })

  test('a lease that is not known is refused, and nothing is written', async ({ store }) => {
    const lease = await store.grantLease(600_000)
    await store.revokeLease(lease)
    const error = await write(store, put('a'), put('b', 'v', lease)).catch(
      (reason: unknown) => reason,
    )
    assert.instance(error, Error)
    assert.is((await store.get('a')).entry, undefined)
  })
}
