/** Engines in worker threads, which may be ended at any moment. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { test } from 'uvu'
import { is } from 'uvu/assert'
import { type EngineOptions, openEngine } from '../../native-rdma/index.js'
import { engineOptions, makeFolder } from './open-engine.ts'

const engineModule = new URL('../../native-rdma/index.js', import.meta.url).href
const program = `
  const { parentPort, workerData } = require('node:worker_threads')
  const say = (what) => parentPort.postMessage(what)
  import(${JSON.stringify(engineModule)}).then(async ({ openEngine, COUNTERS }) => {
    say('loaded')
    const engine = await openEngine({ ...workerData, onEvent: () => {} })
    say('open')
    const counters = new BigUint64Array(COUNTERS.length)
    for (;;) {
      engine.readCounters(counters)
      await engine.setDiscovery([])
    }
  })
`

async function startWorker(options: EngineOptions, until: string): Promise<Worker> {
  const { onEvent: _, ...workerData } = options
  const worker = new Worker(program, { eval: true, workerData })
  for (;;) {
    const [said] = await once(worker, 'message')
    if (said === until) return worker
  }
}

test('a worker ended while its engine is busy gives its devices back', async () => {
  const folder = makeFolder()
  const options = engineOptions({ devices: [{ path: folder.path('a'), bytes: 64n << 20n }] })
  for (const until of ['loaded', 'open', 'open']) {
    const worker = await startWorker(options, until)
    is(await worker.terminate(), 1)
  }
  const engine = await openEngine(options)
  is(engine.devices().length, 1)
  await engine.close()
  folder.remove()
})

test('two workers have engines side by side', async () => {
  const workers = await Promise.all([1, 2].map(() => startWorker(engineOptions(), 'open')))
  await Promise.all(workers.map((worker) => worker.terminate()))
})

test.run()
