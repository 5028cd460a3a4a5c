/** The quick start's command line. Plain JavaScript: it is read before any package is installed. */
import { isIPv4 } from 'node:net'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { SetupFailure } from '../../configs/setup/failure.mjs'

export const usage = `Starts Ashlar on this machine: a control, and gateways in racks r1 to r3.

npm start -- [options]
  --data FOLDER         where everything is kept            (default ./data)
  --address ADDRESS     address to listen on                (default 127.0.0.1)
  --api-port PORT       the API's port; the next one is the gateways' sessions (default 7480)
  --io-port PORT        the first gateway's port for hosts; the others follow  (default 4420)
  --discovery-port PORT the first gateway's discovery port; the others follow  (default 8009)
  --peer-port PORT      the first gateway's port for the others; theirs follow (default 7490)
  --device-size SIZE    size of each gateway's sparse file, when it is made    (default 16GiB)
  --help                this text
npm run cluster -- [options]   the same with two controls on etcd and four gateways; as root, each
                               gateway has a network namespace and an address of its own
Ctrl-C stops everything. The next start finds the volumes and their data again.`

const text = (value) => ({ type: 'string', default: value })
const definitions = {
  data: { type: 'string' },
  address: text('127.0.0.1'),
  'api-port': text('7480'),
  'io-port': text('4420'),
  'discovery-port': text('8009'),
  'peer-port': text('7490'),
  'device-size': text('16GiB'),
  cluster: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
}

const units = { MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 }
const deviceBytesMin = 2 ** 30
/** How many ports in a row each option takes: a cluster has two controls and etcd's two ports. */
const portCounts = { 'api-port': 2, 'io-port': 3, 'discovery-port': 3, 'peer-port': 3 }
const clusterPortCounts = { 'api-port': 6, 'io-port': 4, 'discovery-port': 4, 'peer-port': 4 }

/** Throws a SetupFailure with a sentence when an option cannot be understood. */
export function readOptions(args) {
  let values
  try {
    values = parseArgs({ args, options: definitions }).values
  } catch (error) {
    throw new SetupFailure(`${error.message}\n\n${usage}`)
  }
  const counts = values.cluster ? clusterPortCounts : portCounts
  const ports = Object.entries(counts).map(([name, count]) => readPort(values, name, count))
  checkApart(ports)
  const [apiPort, ioPort, discoveryPort, peerPort] = ports.map(({ first }) => first)
  return {
    help: values.help,
    cluster: values.cluster,
    folder: resolve(values.data ?? (values.cluster ? 'data/cluster' : 'data')),
    address: readAddress(values.address),
    apiPort,
    ioPort,
    discoveryPort,
    peerPort,
    deviceBytes: readSize(values['device-size']),
  }
}

/** Hosts are told to connect to it: it cannot stand for every interface. */
function readAddress(address) {
  if (isIPv4(address) && address !== '0.0.0.0') return address
  throw new SetupFailure(
    `--address has to be an IPv4 address of this machine, such as 127.0.0.1; found ${address}. ` +
      'For others, run the processes with configurations of your own: configs/README.md.',
  )
}

/** `count` ports in a row are used. */
function readPort(values, name, count) {
  const port = Number(values[name])
  const last = 65_536 - count
  if (!Number.isInteger(port) || port < 1 || port > last) {
    throw new SetupFailure(`--${name} has to be a port from 1 to ${last}; found ${values[name]}.`)
  }
  return { name, first: port, last: port + count - 1 }
}

function checkApart(ports) {
  const [lower, higher] = ports
    .toSorted((a, b) => a.first - b.first)
    .flatMap((one, index, all) => (one.last >= all[index + 1]?.first ? [one, all[index + 1]] : []))
  if (lower === undefined) return
  throw new SetupFailure(
    `--${lower.name} takes the ports ${lower.first} to ${lower.last}, and --${higher.name} those ` +
      `from ${higher.first}: choose them apart.`,
  )
}

function readSize(size) {
  const [, number, unit] = /^([0-9]+) ?(MiB|GiB|TiB)$/.exec(size) ?? []
  const bytes = Number(number) * units[unit]
  if (!(bytes >= deviceBytesMin && bytes <= Number.MAX_SAFE_INTEGER)) {
    throw new SetupFailure(
      `--device-size has to be a size of at least 1GiB, such as 16GiB; found ${size}.`,
    )
  }
  return bytes
}
