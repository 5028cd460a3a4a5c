/** One loop of the reconciler, and the gate that bounds them. */
import { suite } from 'uvu'
import { equal, is, match } from 'uvu/assert'
import { createGate, createLoop, type Loop, type Task } from '../../../gateway/reconcile/loop.ts'
import { until } from '../../support/until.ts'

const test = suite('reconcile loop')
const limits = { slowAfterMs: 20, retry: { firstMs: 5, maxMs: 10 } }

function setUp(due: Task[], gate = createGate(8)) {
  let changes = 0
  const loop: Loop = createLoop({
    next: () => due[0],
    changed: () => {
      changes += 1
    },
    gate,
    limits,
  })
  return { loop, changes: () => changes }
}

const done = (due: Task[], name: string, run = async () => {}): Task => ({
  name,
  async run() {
    await run()
    due.shift()
  },
})

test('does what is due, one after the other, and is idle then', async () => {
  const order: string[] = []
  const due: Task[] = []
  for (const name of ['first', 'second'])
    due.push(done(due, name, async () => void order.push(name)))
  const { loop, changes } = setUp(due)
  loop.poke()
  is(loop.isIdle(), false)
  await until(() => loop.isIdle(), 'idle')
  equal(order, ['first', 'second'])
  is(changes() >= 2, true)
  is(loop.failure(), undefined)
})

test('never runs two tasks at a time, however often it is poked', async () => {
  let running = 0
  let most = 0
  const due: Task[] = []
  for (const name of ['a', 'b', 'c'])
    due.push(
      done(due, name, async () => {
        running += 1
        most = Math.max(most, running)
        await new Promise((resolve) => setTimeout(resolve, 2))
        running -= 1
      }),
    )
  const { loop } = setUp(due)
  for (let count = 0; count < 10; count += 1) loop.poke()
  await until(() => loop.isIdle(), 'idle')
  is(most, 1)
})

test('keeps the reason of a failure, and tries again until it succeeds', async () => {
  let tries = 0
  const due: Task[] = []
  due.push(
    done(due, 'attaching', async () => {
      tries += 1
      if (tries < 3) throw new Error('the device is busy')
    }),
  )
  const { loop } = setUp(due)
  loop.poke()
  await until(() => loop.failure() !== undefined, 'a failure')
  is(loop.failure(), 'attaching failed: the device is busy')
  is(loop.isIdle(), true)
  await until(() => due.length === 0 && loop.isIdle(), 'success')
  is(tries, 3)
  is(loop.failure(), undefined)
})

test('forgets a failure once nothing is due any more', async () => {
  const due: Task[] = [{ name: 'attaching', run: () => Promise.reject(new Error('no')) }]
  const { loop } = setUp(due)
  loop.poke()
  await until(() => loop.failure() !== undefined, 'a failure')
  due.length = 0
  loop.poke()
  is(loop.failure(), undefined)
})

test('says that a task takes long, and takes its success all the same', async () => {
  let finish = () => {}
  const due: Task[] = []
  due.push(done(due, 'detaching', () => new Promise<void>((resolve) => (finish = resolve))))
  const { loop } = setUp(due)
  loop.poke()
  await until(() => loop.failure() !== undefined, 'the sentence')
  match(loop.failure() as string, /^detaching takes longer than/)
  is(loop.isIdle(), false)
  finish()
  await until(() => loop.isIdle(), 'idle')
  is(loop.failure(), undefined)
})

test('starts nothing after it was stopped, not even what waits to be tried again', async () => {
  let tries = 0
  const due: Task[] = [
    {
      name: 'attaching',
      run() {
        tries += 1
        return Promise.reject(new Error('no'))
      },
    },
  ]
  const { loop } = setUp(due)
  loop.poke()
  await until(() => loop.isIdle(), 'idle')
  loop.stop()
  loop.poke()
  await new Promise((resolve) => setTimeout(resolve, 30))
  is(tries, 1)
})

test('a gate lets in as many as it is told, and the others in their order', async () => {
  const gate = createGate(2)
  const entered: number[] = []
  const enter = async (number: number) => {
    await gate.enter()
    entered.push(number)
  }
  for (const number of [1, 2, 3, 4]) void enter(number)
  await until(() => entered.length === 2, 'two inside')
  gate.leave()
  await until(() => entered.length === 3, 'three were let in')
  gate.leave()
  gate.leave()
  await until(() => entered.length === 4, 'four were let in')
  equal(entered, [1, 2, 3, 4])
})

test.run()
