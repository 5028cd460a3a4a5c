/** The quick start’s command line. */
import { resolve } from 'node:path'
import { suite } from 'uvu'
import { equal, is, match, unreachable } from 'uvu/assert'
import { readOptions, usage } from '../../control/quickstart/options.mjs'

const test = suite('quick start options')

function whyRefused(...args: string[]): string {
  try {
    readOptions(args)
  } catch (error) {
    return (error as Error).message
  }
  return unreachable('the options were accepted') as never
}

test('have defaults that fit a fresh machine', () => {
  equal(readOptions([]), {
    help: false,
    cluster: false,
    folder: resolve('data'),
    address: '127.0.0.1',
    apiPort: 7480,
    ioPort: 4420,
    discoveryPort: 8009,
    peerPort: 7490,
    deviceBytes: 16 * 2 ** 30,
  })
})

test('take ports that do not overlap', () => {
  match(whyRefused('--api-port', '4420'), '--api-port takes the ports 4420 to 4421, and --io-port')
  match(whyRefused('--discovery-port', '4422'), '--io-port takes the ports 4420 to 4422')
  is(readOptions(['--api-port', '4423']).apiPort, 4423)
})

test('make it a cluster, with a folder and ports of its own', () => {
  const { cluster, folder } = readOptions(['--cluster'])
  equal([cluster, folder], [true, resolve('data/cluster')])
  match(whyRefused('--cluster', '--api-port', '4416'), 'takes the ports 4416 to 4421')
})

test('take an address that a host can connect to', () => {
  is(readOptions(['--address', '192.0.2.10']).address, '192.0.2.10')
  for (const address of ['0.0.0.0', '::', '::1', 'somewhere', ''])
    match(whyRefused('--address', address), `such as 127.0.0.1; found ${address}.`)
})

test('are all in the text that explains them', () => {
  const options = [
    'data',
    'address',
    'api-port',
    'io-port',
    'discovery-port',
    'peer-port',
    'device-size',
    'help',
  ]
  for (const option of options) is(usage.includes(`--${option}`), true, option)
})

test('take sizes with units', () => {
  is(readOptions(['--device-size', '2TiB']).deviceBytes, 2 * 2 ** 40)
  is(readOptions(['--device-size', '1024 MiB']).deviceBytes, 2 ** 30)
})

test('refuse sizes that are none or too small', () => {
  for (const size of ['', '16', '16GB', '-1GiB', '512MiB', '99999999999999TiB'])
    is(
      whyRefused(`--device-size=${size}`),
      `--device-size has to be a size of at least 1GiB, such as 16GiB; found ${size}.`,
    )
})

test('refuse ports that are none, or leave no room for those that follow', () => {
  is(whyRefused('--api-port', '65535'), '--api-port has to be a port from 1 to 65534; found 65535.')
  is(whyRefused('--io-port', 'x'), '--io-port has to be a port from 1 to 65533; found x.')
  is(readOptions(['--io-port', '65533']).ioPort, 65_533)
})

test('refuse what is not known, and explain what is', () => {
  const said = whyRefused('--colour')
  is(said.includes("'--colour'"), true)
  is(said.endsWith(usage), true)
})

test.run()
