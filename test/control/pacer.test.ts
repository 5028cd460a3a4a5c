/** Jobs that are asked for often and run seldom. */
import { setTimeout as delay } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { createPacer } from '../../control/pacer.ts'
import { eventually } from './support/rig.ts'

test('many askers share one run', async () => {
  let runs = 0
  const pacer = createPacer(async () => void runs++, { soonMs: 5, intervalMs: 60_000 })
  for (let i = 0; i < 100; i++) pacer.soon()
  await eventually(
    () => runs,
    (count) => count === 1,
  )
  await delay(30)
  assert.is(runs, 1)
  pacer.soon()
  await eventually(
    () => runs,
    (count) => count === 2,
  )
  await pacer.close()
})

test('who asks during a run gets another, and never two at a time', async () => {
  let runs = 0
  let running = 0
  const pacer = createPacer(
    async () => {
      assert.is(++running, 1)
      if (++runs < 5) pacer.soon()
      await delay(5)
      running--
    },
    { soonMs: 0, intervalMs: 60_000 },
  )
  pacer.soon()
  await eventually(
    () => runs,
    (count) => count === 5,
  )
  await delay(30)
  assert.is(runs, 5)
  await pacer.close()
})

test('it runs at intervals unasked', async () => {
  let runs = 0
  const pacer = createPacer(async () => void runs++, { soonMs: 1, intervalMs: 5 })
  await eventually(
    () => runs,
    (count) => count > 3,
  )
  await pacer.close()
})

test('closing waits for the run, and there is none after', async () => {
  let done = false
  let runs = 0
  const pacer = createPacer(
    async () => {
      runs++
      await delay(30)
      done = true
    },
    { soonMs: 0, intervalMs: 1 },
  )
  pacer.soon()
  await eventually(
    () => runs,
    (count) => count === 1,
  )
  await pacer.close()
  assert.is(done, true)
  pacer.soon()
  await delay(20)
  assert.is(runs, 1)
})

test.run()
