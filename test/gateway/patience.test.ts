/** What is taken for a moment, and what is taken for good. */
import { suite } from 'uvu'
import { is } from 'uvu/assert'
import { patiently } from '../../gateway/patience.ts'

const test = suite('patience')
const failure = (code: string) => Object.assign(new Error(code), { code })

test('tries again while it is taken', async () => {
  let tries = 0
  const attempt = async () => {
    tries += 1
    if (tries < 3) throw failure('BUSY')
    return 'mine'
  }
  is(await patiently('BUSY', attempt), 'mine')
  is(tries, 3)
})

test('fails at once with anything else', async () => {
  let tries = 0
  const attempt = async () => {
    tries += 1
    throw failure('NO_SPACE')
  }
  is(
    ((await patiently('BUSY', attempt).catch((error: Error) => error)) as Error).message,
    'NO_SPACE',
  )
  is(tries, 1)
})

test('gives up when it lasts', async () => {
  const attempt = () => Promise.reject(failure('BUSY'))
  is(((await patiently('BUSY', attempt).catch((error: Error) => error)) as Error).message, 'BUSY')
})

test.run()
