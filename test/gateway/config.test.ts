/** What the gateway’s configuration may say. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import { equal, is, unreachable } from 'uvu/assert'
import { stringify } from 'yaml'
import {
  advertisedAddress,
  advertisedPeerAddress,
  loadGatewayConfig,
  peerAddress,
} from '../../gateway/config.ts'
import { makeFolder } from './samples.ts'

const test = suite('gateway config')
const path = join(makeFolder(), 'gateway.yaml')

const minimal = {
  node: { name: 'n1', rack: 'r1' },
  control: { addresses: ['10.0.0.1:7481'] },
  engine: { devices: [{ path: '/dev/nvme0n1' }] },
}

function load(change: object = {}) {
  writeFileSync(path, stringify({ ...minimal, ...change }))
  return loadGatewayConfig(path)
}

function whyRefused(change: object): string {
  try {
    load(change)
  } catch (error) {
    return (error as Error).message.replaceAll(`${path}: `, '')
  }
  return unreachable('the file was accepted') as never
}

const engine = (change: object) => ({ engine: { ...minimal.engine, ...change } })

test('needs a name, a rack, a control and a device, and fills in the rest', () => {
  const config = load()
  equal(config.hosts, { address: '127.0.0.1', ioPort: 4420, discoveryPort: 8009 })
  is(config.engine.bufferBytes, 64 * 2 ** 20)
  is(config.engine.extentBytes, 2 ** 30)
  equal(config.engine.devices, [
    { path: '/dev/nvme0n1', bytes: 16 * 2 ** 30, durability: 'automatic' },
  ])
  is(config.metrics, undefined)
  is(
    whyRefused({ node: { name: 'n1' } }),
    'node.rack is missing; it has to be text of 1 to 63 characters.',
  )
})

test('tells hosts the address it listens on, unless told another', () => {
  is(advertisedAddress(load({ hosts: { address: '10.0.0.5' } })), '10.0.0.5')
  const both = { hosts: { address: '0.0.0.0', advertisedAddress: '192.0.2.7' } }
  is(advertisedAddress(load(both)), '192.0.2.7')
})

test('refuses to advertise every address', () => {
  for (const address of ['0.0.0.0', '::'])
    is(
      whyRefused({ hosts: { address } }),
      'hosts.advertisedAddress has to be set: hosts cannot connect to every address at once.',
    )
})

test('is reached by peers where it is by hosts, unless told otherwise', () => {
  const plain = load({ hosts: { address: '0.0.0.0', advertisedAddress: '192.0.2.1' } })
  equal(plain.peer, { port: 7482 })
  is(peerAddress(plain), '0.0.0.0')
  is(advertisedPeerAddress(plain), '192.0.2.1')
  const own = load({ peer: { address: '192.0.2.2', port: 0 } })
  is(peerAddress(own), '192.0.2.2')
  is(advertisedPeerAddress(own), '192.0.2.2')
})

test('refuses one port for two services', () => {
  is(
    whyRefused({ hosts: { ioPort: 4420, discoveryPort: 4420 } }),
    'hosts.ioPort and hosts.discoveryPort have to differ; both are 4420.',
  )
  is(
    whyRefused({ peer: { port: 8009 } }),
    'hosts.discoveryPort and peer.port have to differ; both are 8009.',
  )
})

test('refuses to tell peers of an address that they cannot connect to', () => {
  const refused = (address: string) =>
    'peer.advertisedAddress has to be set to an IP address of this machine: ' +
    `other gateways cannot connect to ${address}.`
  is(whyRefused({ peer: { address: '0.0.0.0' } }), refused('0.0.0.0'))
  const named = { hosts: { address: '192.0.2.1', advertisedAddress: 'n1.example' } }
  is(whyRefused(named), refused('n1.example'))
})

test('refuses an extent size that is no power of two', () => {
  is(
    whyRefused(engine({ extentBytes: '5 MiB' })),
    'engine.extentBytes has to be a power of two; found 5242880.',
  )
})

test('refuses cores that do not go with the reactors', () => {
  is(
    whyRefused(engine({ reactors: 2, cpus: [1] })),
    'engine.cpus has to name 2 cores, one a reactor; found 1.',
  )
})

test('refuses too few buffers for the reactors', () => {
  is(
    whyRefused(engine({ reactors: 4, bufferBytes: '8 MiB' })),
    'engine.bufferBytes has to be 4 MiB a reactor at least; found 8388608.',
  )
})

test('refuses one device named twice', () => {
  const devices = [{ path: '/a' }, { path: '/b' }, { path: '/a' }]
  is(whyRefused(engine({ devices })), 'engine.devices names /a twice.')
})

test('refuses a node name that could not be a name in the cell', () => {
  for (const name of ['', 'N1', '-n', 'n_1', 'n'.repeat(64)])
    is(whyRefused({ node: { name, rack: 'r1' } }).startsWith('node.name has to be text'), true)
})

test.run()
