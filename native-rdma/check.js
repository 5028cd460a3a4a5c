/**
 * Checks what callers hand to the engine and makes it complete for the addon.
 *
 * Each function returns new plain objects, so that nothing changes, and no getter runs, afterwards.
 * A wrong argument is an EngineError INVALID_ARGUMENT whose sentence names it.
 */
import { EngineError } from './engine-error.js'

const blockBytes = 4096n
const mebi = 1n << 20n
const segmentBytesDefault = 64n * mebi
const bigMax = (1n << 64n) - 1n
const volumeBlocksMax = (1n << 46n) / blockBytes
const numberMax = 2 ** 32 - 1
const roles = ['in-sync', 'joining']
const durabilities = ['automatic', 'flush', 'none']

export function checkOptions(options) {
  const given = object(options, 'options')
  const reactors = integer(given.reactors, 'reactors', 1, 64)
  const ids = object(given.controllerIds, 'controllerIds')
  const first = integer(ids.first, 'controllerIds.first', 1, 0xffef)
  return {
    devices: list(given.devices, 'devices', 1024).map(checkDevice),
    reactors,
    cpus: checkCpus(given.cpus ?? [], reactors),
    pollUs: integer(given.pollUs ?? 50, 'pollUs', 0, 1000),
    bufferBytes: big(given.bufferBytes, 'bufferBytes', BigInt(reactors) * 4n * mebi, bigMax),
    extentBytes: powerOfTwo(given.extentBytes, 'extentBytes', 4n * mebi, 4096n * mebi),
    segmentBytes: checkSegmentBytes(given.segmentBytes ?? segmentBytesDefault),
    checkpointLogBytes: big(
      given.checkpointLogBytes ?? 1024n * mebi,
      'checkpointLogBytes',
      mebi,
      bigMax,
    ),
    indexBytesMax: noneOrAtLeast(given.indexBytesMax ?? 0n, 'indexBytesMax', mebi),
    controllerIdFirst: first,
    controllerIdLast: integer(ids.last, 'controllerIds.last', first, 0xffef),
    ioQueues: integer(given.ioQueues ?? 4, 'ioQueues', 1, 8),
    ioWaitMs: integer(given.ioWaitMs ?? 20_000, 'ioWaitMs', 100, 600_000),
    firmwareRevision: ascii(given.firmwareRevision, 'firmwareRevision', 0, 8),
    onEvent: callback(given.onEvent, 'onEvent'),
  }
}

function checkDevice(device, index) {
  const name = `devices[${index}]`
  const { path, bytes, durability = 'automatic' } = object(device, name)
  return {
    path: checkPath(path, `${name}.path`),
    bytes: wholeBlocks(bytes, `${name}.bytes`, 0n, bigMax),
    durability: durabilities.indexOf(oneOf(durability, `${name}.durability`, durabilities)),
  }
}

export function checkPrepareOptions(options) {
  const {
    path,
    bytes = 0n,
    segmentBytes = segmentBytesDefault,
    force = false,
  } = object(options, 'options')
  return {
    path: checkPath(path, 'path'),
    bytes: wholeBlocks(bytes, 'bytes', 0n, bigMax),
    segmentBytes: checkSegmentBytes(segmentBytes),
    force: truth(force, 'force'),
  }
}

export function checkRetireOptions(options) {
  const { path, force = false } = object(options, 'options')
  return { path: checkPath(path, 'path'), force: truth(force, 'force') }
}

function checkSegmentBytes(segmentBytes) {
  return powerOfTwo(segmentBytes, 'segmentBytes', mebi / 2n, 1024n * mebi)
}

export function checkPath(path, name) {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    refuse(`${name} must be the path of a file or block device`)
  }
  return path
}

function checkCpus(cpus, reactors) {
  const checked = list(cpus, 'cpus', 64).map((cpu, index) =>
    integer(cpu, `cpus[${index}]`, 0, 1023),
  )
  if (checked.length !== 0 && checked.length !== reactors) {
    refuse(`cpus must name one core for each of the ${reactors} reactors, or none at all`)
  }
  return checked
}

export function checkRamVolume(config) {
  const given = object(config, 'config')
  const hosts = list(given.allowedHosts, 'allowedHosts', 64)
  return {
    volumeId: checkVolumeId(given.volumeId).volumeId,
    uuid: bytes(given.uuid, 'uuid', 16),
    subsystemNqn: nqn(given.subsystemNqn, 'subsystemNqn'),
    serial: ascii(given.serial, 'serial', 1, 20),
    model: ascii(given.model, 'model', 1, 40),
    blockCount: big(given.blockCount, 'blockCount', 1n, volumeBlocksMax),
    allowedHosts: hosts.map((host, index) => nqn(host, `allowedHosts[${index}]`)),
  }
}

export function checkVolume(config) {
  const checked = checkRamVolume(config)
  const extentMap = bytes(config.extentMap, 'extentMap')
  if (extentMap.length % 4 !== 0) refuse('extentMap must be 4 bytes for each extent')
  return { ...checked, extentMap, fence: big(config.fence, 'fence', 0n, bigMax) }
}

export function checkVolumeId(volumeId) {
  return { volumeId: big(volumeId, 'volumeId', 0n, bigMax) }
}

export function checkScrub(devicePath, bytesPerSecond) {
  return {
    devicePath: checkPath(devicePath, 'devicePath'),
    bytesPerSecond: big(bytesPerSecond, 'bytesPerSecond', 0n, bigMax),
  }
}

export function checkDevicePath(devicePath) {
  return { devicePath: checkPath(devicePath, 'devicePath') }
}

export function checkDiscovery(entries) {
  return { entries: list(entries, 'entries', 8192).map(checkEntry) }
}

function checkEntry(entry, index) {
  const name = `entries[${index}]`
  const given = object(entry, name)
  return {
    hostNqn: nqn(given.hostNqn, `${name}.hostNqn`),
    subsystemNqn: nqn(given.subsystemNqn, `${name}.subsystemNqn`),
    address: ascii(given.address, `${name}.address`, 1, 255),
    port: integer(given.port, `${name}.port`, 1, 65_535),
  }
}

export function checkEndpoint(endpoint) {
  const given = object(endpoint, 'endpoint')
  oneOf(given.transport, 'transport', ['tcp'])
  return {
    service: oneOf(given.service, 'service', ['io', 'discovery', 'peer']),
    address: ascii(given.address, 'address', 1, 63),
    port: integer(given.port, 'port', 0, 65_535),
  }
}

export function checkIdentity(identity) {
  const given = object(identity, 'identity')
  return {
    cellId: bytes(given.cellId, 'cellId', 16),
    nodeId: integer(given.nodeId, 'nodeId', 1, numberMax),
    incarnation: big(given.incarnation, 'incarnation', 1n, bigMax),
  }
}

export function checkPeers(peers) {
  return { peers: list(peers, 'peers', 1024).map(checkPeer) }
}

function checkPeer(peer, index) {
  const name = `peers[${index}]`
  const given = object(peer, name)
  return {
    nodeId: integer(given.nodeId, `${name}.nodeId`, 1, numberMax),
    address: ascii(given.address, `${name}.address`, 1, 63),
    port: integer(given.port, `${name}.port`, 1, 65_535),
  }
}

export function checkGroups(groups) {
  return { groups: list(groups, 'groups', 65_536).map(checkGroup) }
}

function checkGroup(group, index) {
  const name = `groups[${index}]`
  const given = object(group, name)
  const members = list(given.members, `${name}.members`, 8)
  if (members.length === 0) refuse(`${name}.members must be 1 to 8 nodes`)
  return {
    pg: integer(given.pg, `${name}.pg`, 0, numberMax),
    epoch: integer(given.epoch, `${name}.epoch`, 1, numberMax),
    primary: integer(given.primary, `${name}.primary`, 1, numberMax),
    minInSync: integer(given.minInSync, `${name}.minInSync`, 1, 8),
    members: members.map((member, place) => checkMember(member, `${name}.members[${place}]`)),
  }
}

function checkMember(member, name) {
  const given = object(member, name)
  return {
    nodeId: integer(given.nodeId, `${name}.nodeId`, 1, numberMax),
    role: roles.indexOf(oneOf(given.role, `${name}.role`, roles)) + 1,
  }
}

export function checkCounters(counters, length) {
  if (!(counters instanceof BigUint64Array) || counters.length !== length) {
    refuse(`counters must be a BigUint64Array of length ${length}`)
  }
  return counters
}

function refuse(sentence) {
  throw new EngineError('INVALID_ARGUMENT', 0, sentence)
}

function object(value, name) {
  if (typeof value !== 'object' || value === null) refuse(`${name} must be an object`)
  return value
}

function list(value, name, lengthMax) {
  if (!Array.isArray(value)) refuse(`${name} must be an array`)
  if (value.length > lengthMax) refuse(`${name} must have at most ${lengthMax} elements`)
  return [...value]
}

function callback(value, name) {
  if (typeof value !== 'function') refuse(`${name} must be a function`)
  return value
}

/** As a number, which is what the addon reads. */
function truth(value, name) {
  if (typeof value !== 'boolean') refuse(`${name} must be true or false`)
  return value ? 1 : 0
}

function integer(value, name, min, max) {
  if (!Number.isInteger(value) || value < min || value > max) {
    refuse(`${name} must be a whole number from ${min} to ${max}`)
  }
  return value
}

function big(value, name, min, max) {
  if (typeof value !== 'bigint' || value < min || value > max) {
    refuse(`${name} must be a bigint from ${min} to ${max}`)
  }
  return value
}

function noneOrAtLeast(value, name, min) {
  return value === 0n ? value : big(value, name, min, bigMax)
}

function powerOfTwo(value, name, min, max) {
  const checked = big(value, name, min, max)
  if ((checked & (checked - 1n)) !== 0n) refuse(`${name} must be a power of two`)
  return checked
}

function wholeBlocks(value, name, min, max) {
  if (big(value, name, min, max) % blockBytes !== 0n) refuse(`${name} must be a multiple of 4096`)
  return value
}

function ascii(value, name, lengthMin, lengthMax) {
  if (
    typeof value !== 'string' ||
    value.length < lengthMin ||
    value.length > lengthMax ||
    !/^[ -~]*$/.test(value)
  ) {
    refuse(`${name} must be ${lengthMin} to ${lengthMax} ASCII characters`)
  }
  return value
}

/** As the NVMe specification has it: a month, a domain and a name, in UTF-8. */
function nqn(value, name) {
  const isNqn =
    typeof value === 'string' &&
    /^nqn\.\d{4}-\d{2}\.[^\p{Cc} ]+$/u.test(value) &&
    Buffer.byteLength(value) <= 223
  if (!isNqn) refuse(`${name} must be an NQN: nqn.yyyy-mm.domain:name, at most 223 bytes`)
  return value
}

function bytes(value, name, length) {
  if (!(value instanceof Uint8Array)) refuse(`${name} must be a Uint8Array`)
  if (length !== undefined && value.length !== length) refuse(`${name} must be ${length} bytes`)
  return Uint8Array.from(value)
}

function oneOf(value, name, choices) {
  if (!choices.includes(value)) refuse(`${name} must be one of: ${choices.join(', ')}`)
  return value
}
