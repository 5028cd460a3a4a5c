/** What the engine is given, and what its errors become. */
import { totalmem } from 'node:os'
import { suite } from 'uvu'
import { equal, instance, is } from 'uvu/assert'
import { GatewayFailure } from '../../gateway/failure.ts'
import { listen, startEngine } from '../../gateway/start-engine.ts'
import { createFakeEngine, engineError } from './fake-engine.ts'
import { quiet, sampleConfig } from './samples.ts'

const test = suite('start engine')
const ids = { first: 1, last: 1000 }

async function whyFailed(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: Error) => reason,
  )
  instance(error, GatewayFailure)
  return (error as Error).message
}

test('gives the engine what the configuration says', async () => {
  const engine = createFakeEngine()
  const config = sampleConfig({
    engine: {
      devices: [{ path: '/dev/a', durability: 'none' }],
      reactors: 2,
      cpus: [0, 1],
      checkpointLogBytes: '256 MiB',
      indexBytesMax: '2 GiB',
    },
  })
  await startEngine(engine.open, config, ids, () => {}, quiet)
  const { onEvent: _, firmwareRevision, ...options } = engine.options ?? ({} as never)
  equal(options, {
    devices: [{ path: '/dev/a', bytes: BigInt(16 * 2 ** 30), durability: 'none' }],
    reactors: 2,
    cpus: [0, 1],
    pollUs: 50,
    bufferBytes: BigInt(64 * 2 ** 20),
    extentBytes: BigInt(2 ** 30),
    segmentBytes: BigInt(64 * 2 ** 20),
    checkpointLogBytes: BigInt(256 * 2 ** 20),
    indexBytesMax: BigInt(2 * 2 ** 30),
    ioWaitMs: 20_000,
    ioQueues: 4,
    controllerIds: ids,
  })
  is(firmwareRevision.length <= 8, true)
})

test('stores have a quarter of the memory for indexes unless told otherwise', async () => {
  const ceilingWith = async (devices: number) => {
    const engine = createFakeEngine()
    const paths = Array.from({ length: devices }, (_, index) => ({ path: `/dev/${index}` }))
    await startEngine(
      engine.open,
      sampleConfig({ engine: { devices: paths } }),
      ids,
      () => {},
      quiet,
    )
    return Number(engine.options?.indexBytesMax)
  }
  const alone = await ceilingWith(1)
  is(alone > 2 ** 20 && alone <= totalmem() / 4, true)
  is(await ceilingWith(4), Math.floor(alone / 4))
})

test('says what to do when the engine cannot start', async () => {
  const expected: Record<string, string> = {
    NO_SPACE: 'The disk is full: free some space on it.',
    BUSY: 'Another process uses the device; is a second gateway running?',
    UNSUPPORTED: 'Check that the kernel allows io_uring: sudo sysctl kernel.io_uring_disabled=0',
  }
  for (const [code, advice] of Object.entries(expected)) {
    const engine = createFakeEngine()
    engine.fail('open', engineError(code, '/dev/a: no'), Infinity)
    const started = startEngine(engine.open, sampleConfig(), ids, () => {}, quiet)
    is(await whyFailed(started), `The engine cannot start: /dev/a: no. ${advice}`)
  }
})

test('passes on what it does not know as the engine said it', async () => {
  const engine = createFakeEngine()
  engine.fail('open', new Error('no memory.'))
  const started = startEngine(engine.open, sampleConfig(), ids, () => {}, quiet)
  is(await whyFailed(started), 'The engine cannot start: no memory.')
})

test('names the port and its setting when it cannot listen', async () => {
  const engine = createFakeEngine()
  engine.fail('listen discovery', engineError('ADDRESS_IN_USE', 'the port is taken'), Infinity)
  is(
    await whyFailed(listen(engine, sampleConfig())),
    'Port 8009 of 127.0.0.1 (hosts.discoveryPort) cannot be listened on: the port is taken. ' +
      'Another process listens there: stop it, or configure another port.',
  )
  equal(engine.calls.slice(0, 2), ['listen io', 'listen discovery'])
})

test.run()
