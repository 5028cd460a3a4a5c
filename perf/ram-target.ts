/**
 * A process of its own that serves one namespace in memory, for measuring the target alone.
 *
 * Says where on its channel, and ends when its parent does.
 */
import { openEngine } from '../native-rdma/index.js'
import { loadHostNqn, ramSubsystemNqn, ramVolumeBytes, targetCpu } from './setting.ts'

const blockBytes = 4096

const engine = await openEngine({
  devices: [],
  reactors: 1,
  cpus: [targetCpu],
  bufferBytes: BigInt(64 * 2 ** 20),
  extentBytes: BigInt(2 ** 30),
  controllerIds: { first: 1, last: 1000 },
  ioQueues: 8,
  firmwareRevision: 'perf',
  onEvent: () => {},
})
await engine.attachRamVolume({
  volumeId: 1n,
  uuid: new Uint8Array(16).fill(1),
  subsystemNqn: ramSubsystemNqn,
  serial: 'ram-1',
  model: 'Ashlar RAM',
  blockCount: BigInt(ramVolumeBytes / blockBytes),
  allowedHosts: [loadHostNqn],
})
const port = await engine.listen({
  transport: 'tcp',
  service: 'io',
  address: '127.0.0.1',
  port: 0,
})

async function end(): Promise<void> {
  await engine.close()
  process.exit(0)
}
process.once('disconnect', () => void end())
process.send?.({ port })
