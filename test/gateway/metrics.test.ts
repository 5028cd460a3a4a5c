/** What the gateway serves over HTTP. */
import { suite } from 'uvu'
import { is, match } from 'uvu/assert'
import type { ScrubMessage } from '../../control/contract/messages.ts'
import { serveMetrics } from '../../gateway/metrics.ts'
import { observeDevices } from '../../gateway/observe.ts'
import { freePort } from '../support/free-port.ts'
import { createFakeEngine } from './fake-engine.ts'

const test = suite('gateway metrics')

const scrubbed: ScrubMessage = {
  state: 'RUNNING',
  request: 1,
  bytesPerSecond: 0,
  startedAtMs: 2000,
  endedAtMs: 0,
  blocksRead: 5,
  blocksTotal: 10,
  blocksDamaged: 3,
  finishedAtMs: 1500,
  requestDone: 0,
}

async function setUp() {
  const state = {
    isServing: false,
    engine: createFakeEngine() as ReturnType<typeof createFakeEngine> | undefined,
  }
  const port = await freePort()
  const metrics = await serveMetrics({
    address: '127.0.0.1',
    port,
    counterNames: ['reads', 'store_checkpoints'],
    engine: () => state.engine,
    devices: () => (state.engine ? observeDevices(state.engine, () => scrubbed) : []),
    isServing: () => state.isServing,
    hasSession: () => true,
  })
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`)
    return { status: response.status, text: await response.text() }
  }
  return { state, metrics, get, port }
}

test('gives the engine’s counters, devices and hosts to Prometheus', async () => {
  const { metrics, get } = await setUp()
  const { status, text } = await get('/metrics')
  is(status, 200)
  match(text, /^ashlar_reads 7$/m)
  match(text, /^# HELP ashlar_store_checkpoints Checkpoints of the indexes\.$/m)
  match(text, /^ashlar_store_checkpoints 7$/m)
  match(text, /^ashlar_device_capacity_bytes\{device="\/dev\/store-a"\} 1000$/m)
  match(text, /^ashlar_device_failed\{device="\/dev\/store-a"\} 0$/m)
  match(text, /^ashlar_device_host_written_bytes\{device="\/dev\/store-a"\} 4096$/m)
  match(text, /^ashlar_device_written_bytes\{device="\/dev\/store-a"\} 12288$/m)
  match(text, /^ashlar_device_scrub_running\{device="\/dev\/store-a"\} 1$/m)
  match(text, /^ashlar_device_scrub_damaged_blocks\{device="\/dev\/store-a"\} 3$/m)
  match(text, /^ashlar_device_scrub_finished_timestamp_seconds\{device="\/dev\/store-a"\} 1.5$/m)
  match(text, /^ashlar_host_controllers 0$/m)
  match(text, /^ashlar_control_session 1$/m)
  await metrics.close()
})

test('counts groups and peers by their state', async () => {
  const { state, metrics, get } = await setUp()
  const group = { epoch: 1, serving: true, blocksToCopy: 5n, waiting: 2 }
  if (!state.engine) throw new Error('there is no engine')
  state.engine.groupStates = [
    { ...group, pg: 1, state: 'primary' },
    { ...group, pg: 2, state: 'primary' },
    { ...group, pg: 3, state: 'follower', serving: false },
  ]
  state.engine.peerStates = [{ nodeId: 7, state: 'connected', reason: '' }]
  const { text } = await get('/metrics')
  match(text, /^ashlar_groups\{state="primary"\} 2$/m)
  match(text, /^ashlar_groups\{state="follower"\} 1$/m)
  match(text, /^ashlar_groups_waiting_parts 6$/m)
  match(text, /^ashlar_peers\{state="connected"\} 1$/m)
  state.engine.groupStates = []
  is((await get('/metrics')).text.includes('ashlar_groups{'), false)
  await metrics.close()
})

test('answers before the engine is open', async () => {
  const { state, metrics, get } = await setUp()
  state.engine = undefined
  is((await get('/metrics')).status, 200)
  is((await get('/healthz')).status, 200)
  await metrics.close()
})

test('is ready once hosts are served', async () => {
  const { state, metrics, get } = await setUp()
  is((await get('/readyz')).status, 503)
  state.isServing = true
  is((await get('/readyz')).status, 200)
  is((await get('/else')).status, 404)
  await metrics.close()
})

test('says that its port is in use', async () => {
  const { metrics, port } = await setUp()
  const options = {
    address: '127.0.0.1',
    port,
    counterNames: [],
    engine: () => undefined,
    devices: () => [],
  }
  const second = await serveMetrics({
    ...options,
    isServing: () => true,
    hasSession: () => true,
  }).catch((error: Error) => error)
  match((second as Error).message, /metrics.port.*EADDRINUSE/)
  await metrics.close()
})

test.run()
