/** Waiting with a limit. */
import { suite } from 'uvu'
import { instance, is } from 'uvu/assert'
import { withTimeout } from '../../gateway/with-timeout.ts'

const test = suite('with timeout')

test('says whether it was in time', async () => {
  is(await withTimeout(Promise.resolve(5), 1000), true)
  is(await withTimeout(new Promise(() => {}), 5), false)
})

test('passes a failure on', async () => {
  const failed = withTimeout(Promise.reject(new Error('no')), 1000)
  instance(await failed.catch((error: Error) => error), Error)
})

test.run()
