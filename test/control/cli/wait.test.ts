import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { CliFailure } from '../../../control/cli/failure.ts'
import { codeOf, waitUntil, waitUntilGone } from '../../../control/cli/wait.ts'

function noting() {
  const notes: string[] = []
  return { notes, around: { note: (text: string) => void notes.push(text) } }
}

test('asks until it is done and notes every new reason once', async () => {
  const { notes, around } = noting()
  const states = [
    { state: 'attaching', reason: 'Its gateway starts.' },
    { state: 'attaching', reason: 'Its gateway starts.' },
    { state: 'attached' },
  ]
  const read = async () => states.shift() ?? { state: 'too late' }
  const isDone = ({ state }: { state: string }) => state === 'attached'
  const limits = { timeoutSeconds: 10, around }
  assert.equal(await waitUntil('Volume db', read, isDone, limits), { state: 'attached' })
  assert.equal(notes, ['Volume db is attaching: Its gateway starts.\n'])
})

test('gives up in time and says what it still waits for', async () => {
  const read = async () => ({ state: 'creating', reason: 'No node has room.' })
  const limits = { timeoutSeconds: 0, ...noting() }
  try {
    await waitUntil('Volume db', read, () => false, limits)
    assert.unreachable()
  } catch (error) {
    assert.is((error as CliFailure).kind, 'timedOut')
    assert.match((error as Error).message, /Volume db is creating: No node has room\./)
  }
})

test('gone is what the API says does not exist; other refusals are passed on', async () => {
  const refusal = (code: string) => new CliFailure('failed', 'x', { problem: { code } })
  const limits = { timeoutSeconds: 10, ...noting() }
  let asked = 0
  const goes = async () => {
    asked += 1
    if (asked > 1) throw refusal('VOLUME_NOT_FOUND')
    return { state: 'deleting' }
  }
  await waitUntilGone('Volume db', goes, 'VOLUME_NOT_FOUND', limits)
  assert.is(asked, 2)
  const fails = async () => Promise.reject(refusal('INTERNAL'))
  try {
    await waitUntilGone('Volume db', fails, 'VOLUME_NOT_FOUND', limits)
    assert.unreachable()
  } catch (error) {
    assert.is(codeOf(error), 'INTERNAL')
  }
  assert.is(codeOf(new Error('x')), undefined)
})

test.run()
