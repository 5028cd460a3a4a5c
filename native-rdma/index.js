/**
 * The engine for JavaScript: checks every argument, then hands it to the addon, which checks again.
 *
 * The addon is a build of this machine (build/Release) or a prebuilt one (prebuilds/). Calls that
 * concern one volume run one after another; the addon refuses them side by side.
 */
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import {
  checkCounters,
  checkDevicePath,
  checkDiscovery,
  checkEndpoint,
  checkGroups,
  checkIdentity,
  checkOptions,
  checkPath,
  checkPeers,
  checkPrepareOptions,
  checkRamVolume,
  checkRetireOptions,
  checkScrub,
  checkVolume,
  checkVolumeId,
} from './check.js'
import { EngineError } from './engine-error.js'
import { inTurns } from './in-turns.js'

const require = createRequire(import.meta.url)
const addon = require('node-gyp-build')(fileURLToPath(new URL('.', import.meta.url)))
addon.setErrorClass(EngineError)

export { EngineError }
export const COUNTERS = Object.freeze(addon.COUNTERS)

export async function openEngine(options) {
  const { onEvent, ...checked } = checkOptions(options)
  const native = new addon.NativeEngine()
  try {
    await native.open({ ...checked, onEvent: guarded(onEvent) })
  } catch (error) {
    await native.close()
    throw error
  }
  return engineOf(native)
}

export async function inspectDevice(path) {
  return addon.inspectDevice({ path: checkPath(path, 'path') })
}

export async function prepareDevice(options) {
  return addon.prepareDevice(checkPrepareOptions(options))
}

export async function retireDevice(options) {
  return addon.retireDevice(checkRetireOptions(options))
}

function engineOf(native) {
  const volumeTurns = inTurns()
  let closing
  return Object.freeze({
    async listen(endpoint) {
      return native.listen(checkEndpoint(endpoint))
    },
    async joinCell(identity) {
      await native.joinCell(checkIdentity(identity))
    },
    async setPeers(peers) {
      await native.setPeers(checkPeers(peers))
    },
    async setGroups(groups) {
      await native.setGroups(checkGroups(groups))
    },
    async attachVolume(config) {
      const checked = checkVolume(config)
      await volumeTurns(checked.volumeId, () => native.attachVolume(checked))
    },
    async attachRamVolume(config) {
      const checked = checkRamVolume(config)
      await volumeTurns(checked.volumeId, () => native.attachRamVolume(checked))
    },
    async detachVolume(volumeId) {
      const checked = checkVolumeId(volumeId)
      await volumeTurns(checked.volumeId, () => native.detachVolume(checked))
    },
    async deleteVolume(volumeId) {
      const checked = checkVolumeId(volumeId)
      await volumeTurns(checked.volumeId, () => native.deleteVolume(checked))
    },
    async setDiscovery(entries) {
      await native.setDiscovery(checkDiscovery(entries))
    },
    async startScrub(devicePath, bytesPerSecond) {
      await native.startScrub(checkScrub(devicePath, bytesPerSecond))
    },
    async stopScrub(devicePath) {
      await native.stopScrub(checkDevicePath(devicePath))
    },
    devices: () => native.devices(),
    connections: () => native.connections(),
    features: () => native.features(),
    groups: () => native.groups(),
    peers: () => native.peers(),
    readCounters(counters) {
      native.readCounters(checkCounters(counters, COUNTERS.length))
    },
    async close() {
      closing ??= native.close()
      await closing
    },
  })
}

/** What a listener throws becomes an uncaught exception of its own: other events still come. */
function guarded(onEvent) {
  return (event) => {
    try {
      onEvent(event)
    } catch (error) {
      setImmediate(() => {
        throw error
      })
    }
  }
}
