/** Desired states: the newest wins, and is saved before it is applied. */
import { suite } from 'uvu'
import { equal, is } from 'uvu/assert'
import type { Desired } from '../../control/contract/messages.ts'
import { createDesiredInbox } from '../../gateway/desired-inbox.ts'
import { until } from '../support/until.ts'
import { quiet, sampleDesired, sampleVolume } from './samples.ts'

const test = suite('desired inbox')

function setUp(saved?: Desired) {
  const state = {
    saved: [] as number[],
    failures: [] as string[],
    applied: [] as number[],
    save: async () => {},
  }
  const inbox = createDesiredInbox({
    saved,
    async save({ revision }) {
      await state.save()
      state.saved.push(revision)
    },
    failed: (sentence) => void state.failures.push(sentence),
    log: quiet,
    retryMs: 5,
  })
  const apply = ({ revision }: Desired) => void state.applied.push(revision)
  return { inbox, state, apply }
}

const withVolume = (revision: number, number: number) =>
  sampleDesired(revision, { volumes: [sampleVolume(number)] })

test('hands over what was saved, at once, without control', async () => {
  const { inbox, state, apply } = setUp(withVolume(5, 1))
  is(inbox.revision(), undefined)
  await inbox.deliverTo(apply)
  equal(state.applied, [5])
  is(inbox.revision(), 5)
})

test('waits for control when nothing was saved', async () => {
  const { inbox, state, apply } = setUp()
  const first = inbox.deliverTo(apply)
  equal(state.applied, [])
  inbox.take(withVolume(7, 1))
  await first
  equal(state.applied, [7])
})

test('saves before it applies', async () => {
  const { inbox, state, apply } = setUp()
  const first = inbox.deliverTo(apply)
  let finish = () => {}
  const slow = new Promise<void>((resolve) => (finish = resolve))
  state.save = () => slow
  inbox.take(withVolume(7, 1))
  await new Promise((resolve) => setTimeout(resolve, 5))
  equal(state.applied, [])
  finish()
  await first
  equal([state.saved, state.applied], [[7], [7]])
})

test('takes only the newest of those that come while it saves', async () => {
  const { inbox, state, apply } = setUp()
  void inbox.deliverTo(apply)
  for (let revision = 1; revision <= 10; revision += 1) inbox.take(withVolume(revision, revision))
  await until(() => state.applied.at(-1) === 10, 'the newest')
  equal(state.applied, [1, 10])
})

test('hands over the newest when it came before anybody was there to take it', async () => {
  const { inbox, state, apply } = setUp(withVolume(5, 1))
  inbox.take(withVolume(6, 2))
  await until(() => state.saved.length === 1, 'saved')
  await inbox.deliverTo(apply)
  equal(state.applied, [6])
})

test('does not write again what only has another revision', async () => {
  const { inbox, state, apply } = setUp(withVolume(5, 1))
  await inbox.deliverTo(apply)
  inbox.take(withVolume(6, 1))
  await until(() => inbox.revision() === 6, 'applied')
  equal([state.saved, state.applied], [[], [5, 6]])
})

test('ignores a revision older than the one it has', async () => {
  const { inbox, state, apply } = setUp(withVolume(5, 1))
  await inbox.deliverTo(apply)
  inbox.take(withVolume(4, 2))
  inbox.take(withVolume(6, 3))
  inbox.take(withVolume(5, 4))
  await until(() => inbox.revision() === 6, 'applied')
  await new Promise((resolve) => setTimeout(resolve, 5))
  equal(state.applied, [5, 6])
})

test('does not apply what cannot be saved, says so, and tries again', async () => {
  const { inbox, state, apply } = setUp()
  let tries = 0
  state.save = () => {
    tries += 1
    return tries < 3 ? Promise.reject(new Error('ENOSPC: no space left')) : Promise.resolve()
  }
  const first = inbox.deliverTo(apply)
  inbox.take(withVolume(7, 1))
  await first
  is(state.failures.length, 2)
  is(state.failures[0], 'What control wants cannot be saved: ENOSPC: no space left.')
  equal(state.applied, [7])
})

test('tries the newer one, not the one that failed', async () => {
  const { inbox, state, apply } = setUp()
  let isFull = true
  state.save = () => (isFull ? Promise.reject(new Error('full')) : Promise.resolve())
  void inbox.deliverTo(apply)
  inbox.take(withVolume(7, 1))
  await until(() => state.failures.length > 0, 'a failure')
  isFull = false
  inbox.take(withVolume(8, 2))
  await until(() => state.applied.length > 0, 'applied')
  equal(state.applied, [8])
})

test('saves and applies nothing after it was closed', async () => {
  const { inbox, state, apply } = setUp()
  let isFull = true
  state.save = () => (isFull ? Promise.reject(new Error('full')) : Promise.resolve())
  void inbox.deliverTo(apply)
  inbox.take(withVolume(7, 1))
  await until(() => state.failures.length > 0, 'a failure')
  inbox.close()
  isFull = false
  await new Promise((resolve) => setTimeout(resolve, 20))
  equal(state.applied, [])
})

test.run()
