/** Work that takes turns. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { ControlError } from '../../control/errors.ts'
import { createInTurn } from '../../control/in-turn.ts'

test('work is done one after the other, in the order it came', async () => {
  const inTurn = createInTurn()
  const events: string[] = []
  const work = (name: string) => async () => {
    events.push(`${name} begins`)
    await new Promise(setImmediate)
    events.push(`${name} ends`)
    return name
  }
  const answers = await Promise.all([inTurn(work('a')), inTurn(work('b'))])
  assert.equal(answers, ['a', 'b'])
  assert.equal(events, ['a begins', 'a ends', 'b begins', 'b ends'])
})

test('work that fails does not stop the next', async () => {
  const inTurn = createInTurn()
  const failing = inTurn(() => Promise.reject(new Error('no')))
  const next = inTurn(async () => 'yes')
  assert.is(await failing.catch((error: Error) => error.message), 'no')
  assert.is(await next, 'yes')
})

test('the queue is bounded, and empties again', async () => {
  const inTurn = createInTurn()
  let release = () => {}
  const first = inTurn(
    () =>
      new Promise<void>((resolve) => {
        release = resolve
      }),
  )
  const others = Array.from({ length: 999 }, () => inTurn(async () => 1))
  const error = await inTurn(async () => 1).catch((reason: unknown) => reason)
  assert.is((error as ControlError).code, 'RATE_LIMITED')
  await Promise.resolve()
  release()
  await Promise.all([first, ...others])
  assert.is(await inTurn(async () => 2), 2)
})

test.run()
