/** Closing, opening again, and being killed. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import * as assert from 'uvu/assert'
import { ClosedError } from '../../../../control/metadata/metadata.ts'
import {
  failure,
  namesOf,
  put,
  type StoreFactory,
  type Suite,
  take,
  text,
  write,
} from './support.ts'

export function addLife(test: Suite, factory: StoreFactory): void {
  test('all of it is there when the store is opened again', async (context) => {
    const lease = await context.store.grantLease(300)
    await write(context.store, put('a', '1'))
    const { revision } = await write(context.store, put('b', '2'), put('l', 'v', lease))
    await context.store.close()
    context.store = await factory.open(context.location)
    const { store } = context
    const { revision: opened } = await store.get('a')
    assert.ok(opened >= revision)
    assert.is(text((await store.get('b')).entry?.value), '2')
    const [batch] = await take(store, '', revision, 1)
    assert.equal(batch && namesOf(batch), ['b', 'l'])
    assert.is((await write(store, put('c'))).revision, opened + 1)
    const [gone] = await take(store, 'l', revision + 1, 1)
    assert.equal(gone && namesOf(gone), ['-l'])
  })

  test('a closed store ends its watches and refuses everything', async ({ store }) => {
    const watch = store.watch('', 1 + (await store.get('a')).revision)
    const ended = (async () => {
      for await (const _ of watch) assert.unreachable()
    })()
    await delay(10)
    await store.close()
    await ended
    const calls = [
      () => store.get('a'),
      () => store.range({ prefix: '' }),
      () => write(store, put('a')),
      () => store.compact(1),
      () => store.grantLease(1000),
      () => store.keepLease(1),
      () => store.revokeLease(1),
      () => take(store, '', 1, 1),
    ]
    for (const call of calls) assert.instance(await failure(call()), ClosedError)
    await store.close()
  })

  test('nothing acknowledged is lost when the process is killed', async (context) => {
    await context.store.close()
    for (let round = 0; round < 3; round++) {
      const acknowledged = await writeUntilKilled(factory.module, context.location, 30)
      context.store = await factory.open(context.location)
      const { entry } = await context.store.get('counter')
      const held = Number(text(entry?.value))
      // One more may have been committed than was heard of.
      assert.ok(held >= acknowledged, `${held} is held, ${acknowledged} was acknowledged`)
      assert.is((await context.store.range({ prefix: 'write/' })).items.length, held)
      if (round < 2) await context.store.close()
    }
  })
}

/** The number of the last write that the child said was acknowledged before it was killed. */
async function writeUntilKilled(module: string, location: string, after: number): Promise<number> {
  const script = fileURLToPath(new URL('../write-until-killed.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', script, module, location], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  let first: number | undefined
  let last = 0
  for await (const line of createInterface({ input: child.stdout })) {
    last = Number(line)
    first ??= last
    if (last - first >= after) child.kill('SIGKILL')
  }
  await exited
  return last
}
