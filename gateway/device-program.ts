/**
 * Devices of this machine for the command line, which must not load the engine itself:
 * `node --import tsx gateway/device-program.ts REQUEST`, one line of JSON as the answer.
 */
import type {
  DeviceAnswers,
  DeviceRefusal,
  DeviceRequest,
  InspectedDevice,
  UnreadableDevice,
} from '../control/contract/device-program.ts'
import {
  type DeviceInspection,
  EngineError,
  inspectDevice,
  prepareDevice,
  retireDevice,
} from '../native-rdma/index.js'
import { localDevices } from './local-devices.ts'

type Answer = DeviceAnswers[DeviceRequest['verb']]

async function answer(request: DeviceRequest): Promise<Answer> {
  switch (request.verb) {
    case 'list': {
      const paths = request.paths.length === 0 ? localDevices() : request.paths
      return { devices: await Promise.all(paths.map(inspect)) }
    }
    case 'prepare': {
      const { path, bytes, segmentBytes, force } = request
      const prepared = await prepareDevice({
        path,
        force,
        ...(bytes !== undefined && { bytes: BigInt(bytes) }),
        ...(segmentBytes !== undefined && { segmentBytes: BigInt(segmentBytes) }),
      })
      return { ...prepared, device: present(prepared.device) }
    }
    case 'retire':
      return retireDevice({ path: request.path, force: request.force })
  }
}

async function inspect(path: string): Promise<InspectedDevice | UnreadableDevice> {
  try {
    return present(await inspectDevice(path))
  } catch (error) {
    if (!(error instanceof EngineError)) throw error
    return { path, problem: error.message }
  }
}

function present({ bytes, store, ...device }: DeviceInspection): InspectedDevice {
  return {
    ...device,
    bytes: Number(bytes),
    ...(store && { store: { ...store, segmentBytes: Number(store.segmentBytes) } }),
  }
}

async function main(request: string): Promise<void> {
  try {
    console.log(JSON.stringify(await answer(JSON.parse(request) as DeviceRequest)))
  } catch (error) {
    if (!(error instanceof EngineError)) throw error
    const refusal: DeviceRefusal = { error: { code: error.code, message: error.message } }
    console.log(JSON.stringify(refusal))
    process.exitCode = 1
  }
}

await main(process.argv[2] ?? '')
