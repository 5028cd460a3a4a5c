/** The quick start's command line. Plain JavaScript: it is read before any package is installed. */
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
  --device-size SIZE    size of each gateway's sparse file, when it is made    (default 16GiB)
  --help                this text
Ctrl-C stops everything. The next start finds the volumes and their data again.`

const text = (value) => ({ type: 'string', default: value })
const definitions = {
  data: text('data'),
  address: text('127.0.0.1'),
  'api-port': text('7480'),
  'io-port': text('4420'),
  'discovery-port': text('8009'),
  'device-size': text('16GiB'),
  help: { type: 'boolean', default: false },
}

const units = { MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 }
const deviceBytesMin = 2 ** 30

/** Throws a SetupFailure with a sentence when an option cannot be understood. */
export function readOptions(args) {
  let values
  try {
    values = parseArgs({ args, options: definitions }).values
  } catch (error) {
    throw new SetupFailure(`${error.message}\n\n${usage}`)
  }
  return {
    help: values.help,
    folder: resolve(values.data),
    address: values.address,
    apiPort: readPort(values, 'api-port', 2),
    ioPort: readPort(values, 'io-port', 3),
    discoveryPort: readPort(values, 'discovery-port', 3),
    deviceBytes: readSize(values['device-size']),
  }
}

/** `count` ports in a row are used. */
function readPort(values, name, count) {
  const port = Number(values[name])
  const last = 65_536 - count
  if (!Number.isInteger(port) || port < 1 || port > last) {
    throw new SetupFailure(`--${name} has to be a port from 1 to ${last}; found ${values[name]}.`)
  }
  return port
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
