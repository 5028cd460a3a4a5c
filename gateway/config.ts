/** The gateway's configuration: what a file may say, and the checks that cross its fields. */
import { isIP } from 'node:net'
import Type, { type Static } from 'typebox'
import { Bytes } from '../configs/bytes.ts'
import { ConfigError, loadConfig } from '../configs/load-config.ts'

const mapping = { additionalProperties: false }
const oneOf = <T extends string>(
  values: readonly T[],
  options: { default: T; description: string },
) =>
  Type.Union(
    values.map((value) => Type.Literal(value)),
    options,
  )

const node = Type.Object(
  {
    name: Type.String({
      pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$',
      'x-form': 'a-z, 0-9 and "-", at most 63, no "-" at its ends',
      description: 'Name of this node, unique in the cell and the same for good.',
    }),
    rack: Type.String({
      minLength: 1,
      maxLength: 63,
      description: 'What fails together with this node; copies never share a rack.',
    }),
    zone: Type.String({
      maxLength: 63,
      default: '',
      description: 'A wider unit of failure, such as a building; empty when there is one only.',
    }),
  },
  mapping,
)

const control = Type.Object(
  {
    addresses: Type.Array(Type.String({ pattern: '^.+:[0-9]+$', 'x-form': 'host:port' }), {
      minItems: 1,
      maxItems: 16,
      description: 'host:port of the gRPC service of every control process, tried in turn.',
    }),
  },
  mapping,
)

const hosts = Type.Object(
  {
    address: Type.String({
      minLength: 1,
      default: '127.0.0.1',
      description: 'Address to listen on; 0.0.0.0 or :: for every interface.',
    }),
    advertisedAddress: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'Address that hosts are told to connect to; by default the one listened on.',
      }),
    ),
    ioPort: Type.Integer({
      minimum: 1,
      maximum: 65_535,
      default: 4420,
      description: 'TCP port that serves volumes.',
    }),
    discoveryPort: Type.Integer({
      minimum: 1,
      maximum: 65_535,
      default: 8009,
      description: 'TCP port of the discovery service.',
    }),
  },
  { ...mapping, default: {} },
)

const peer = Type.Object(
  {
    address: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'Address to listen on for other gateways; by default hosts.address.',
      }),
    ),
    advertisedAddress: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'IP address that other gateways connect to; by default the one listened on.',
      }),
    ),
    port: Type.Integer({
      minimum: 0,
      maximum: 65_535,
      default: 7482,
      description: 'TCP port for other gateways; 0 lets the kernel choose at each start.',
    }),
  },
  { ...mapping, default: {} },
)

const device = Type.Object(
  {
    path: Type.String({
      minLength: 1,
      description: 'A block device, or a file; a file that is missing is made, sparse.',
    }),
    bytes: Bytes({
      minimum: 256 * 2 ** 20,
      multipleOf: 4096,
      default: '16 GiB',
      description: 'Size of a file that is made. Ignored for what exists.',
    }),
    durability: oneOf(['automatic', 'flush', 'none'], {
      default: 'automatic',
      description: 'When a write is durable; automatic flushes if the device has a volatile cache.',
    }),
  },
  mapping,
)

const engine = Type.Object(
  {
    devices: Type.Array(device, {
      minItems: 1,
      maxItems: 64,
      description: 'One store on each. A gateway keeps the set it began with.',
    }),
    reactors: Type.Integer({
      minimum: 1,
      maximum: 64,
      default: 1,
      description: 'Threads that move data.',
    }),
    cpus: Type.Array(Type.Integer({ minimum: 0, maximum: 1023 }), {
      maxItems: 64,
      default: [],
      description: 'Cores to pin the reactors to, one each; empty leaves it to the kernel.',
    }),
    pollUs: Type.Integer({
      minimum: 0,
      maximum: 1000,
      default: 50,
      description: 'How long a reactor polls after work before it sleeps, in microseconds.',
    }),
    bufferBytes: Bytes({
      minimum: 4 * 2 ** 20,
      maximum: 64 * 2 ** 30,
      default: '64 MiB',
      description:
        'Memory for data in flight, shared by all connections; 4 MiB a reactor at least.',
    }),
    extentBytes: Bytes({
      minimum: 4 * 2 ** 20,
      maximum: 4 * 2 ** 30,
      default: '1 GiB',
      description: 'Extent size of the cell, a power of two; the same everywhere and for good.',
    }),
    segmentBytes: Bytes({
      minimum: 2 ** 20,
      maximum: 2 ** 30,
      default: '64 MiB',
      description: 'Segment size of stores that are formatted, a power of two.',
    }),
    checkpointLogBytes: Bytes({
      minimum: 2 ** 20,
      maximum: 2 ** 40,
      default: '1 GiB',
      description: 'Log of each store that a start may have to replay: more of it, fewer writes.',
    }),
    indexBytesMax: Bytes({
      maximum: 2 ** 40,
      minimum: 0,
      default: '0',
      description: "Memory for each store's index; 0: a quarter of the machine's, shared by all.",
    }),
    ioWaitMs: Type.Integer({
      minimum: 100,
      maximum: 600_000,
      default: 20_000,
      description: 'How long a command waits for its placement group; less than hosts wait.',
    }),
    ioQueues: Type.Integer({
      minimum: 1,
      maximum: 8,
      default: 4,
      description: 'I/O queues granted to each controller.',
    }),
  },
  mapping,
)

const scrub = Type.Object(
  {
    intervalHours: Type.Integer({
      minimum: 0,
      maximum: 8760,
      default: 168,
      description: 'How often all live blocks of each device are read; 0: only on request.',
    }),
    bytesPerSecond: Bytes({
      minimum: 0,
      maximum: 2 ** 40,
      default: '64 MiB',
      description: 'How fast each device is read for that, in a second; 0: without a limit.',
    }),
  },
  { ...mapping, default: {} },
)

const metrics = Type.Object(
  {
    address: Type.String({
      minLength: 1,
      default: '127.0.0.1',
      description: 'Address to listen on.',
    }),
    port: Type.Integer({
      minimum: 1,
      maximum: 65_535,
      description: 'TCP port of /metrics, /healthz and /readyz over HTTP.',
    }),
  },
  mapping,
)

export const gatewayConfigSchema = Type.Object(
  {
    stateFolder: Type.String({
      minLength: 1,
      default: '/var/lib/ashlar/gateway',
      description: 'Folder for what the gateway remembers: who it is and what it serves.',
    }),
    node,
    control,
    hosts,
    peer,
    engine,
    scrub,
    metrics: Type.Optional(metrics),
    log: Type.Object(
      {
        level: oneOf(['debug', 'info', 'warn', 'error'], {
          default: 'info',
          description: 'The least important lines that are written.',
        }),
      },
      { ...mapping, default: {} },
    ),
  },
  { ...mapping, title: 'Configuration of an Ashlar gateway' },
)

export type GatewayConfig = Static<typeof gatewayConfigSchema>

export function loadGatewayConfig(path: string): GatewayConfig {
  const config = loadConfig(gatewayConfigSchema, { path })
  const mistake = crossCheck(config)
  if (mistake) throw new ConfigError(`${path}: ${mistake}`)
  return config
}

const indexBytesMin = 2 ** 20
const anyAddress = new Set(['0.0.0.0', '::'])

export function advertisedAddress({ hosts }: GatewayConfig): string {
  return hosts.advertisedAddress ?? hosts.address
}

/** What it listens on for other gateways. */
export function peerAddress({ peer, hosts }: GatewayConfig): string {
  return peer.address ?? hosts.address
}

/** Where they reach it: where hosts do, when nothing is said of peers. */
export function advertisedPeerAddress(config: GatewayConfig): string {
  const { advertisedAddress: advertised, address } = config.peer
  return advertised ?? address ?? advertisedAddress(config)
}

/** The first rule between fields that is broken, as a sentence. */
function crossCheck(config: GatewayConfig): string | undefined {
  return checkEndpoints(config) ?? checkEngine(config)
}

function checkEndpoints(config: GatewayConfig): string | undefined {
  const { hosts, peer } = config
  if (anyAddress.has(advertisedAddress(config)))
    return 'hosts.advertisedAddress has to be set: hosts cannot connect to every address at once.'
  if (isIP(advertisedPeerAddress(config)) === 0 || anyAddress.has(advertisedPeerAddress(config)))
    return (
      'peer.advertisedAddress has to be set to an IP address of this machine: ' +
      `other gateways cannot connect to ${advertisedPeerAddress(config)}.`
    )
  const ports = { 'hosts.ioPort': hosts.ioPort, 'hosts.discoveryPort': hosts.discoveryPort }
  const named = Object.entries({ ...ports, 'peer.port': peer.port })
  for (const [index, [name, port]] of named.entries()) {
    const same = named.slice(0, index).find(([, earlier]) => earlier === port)
    if (same) return `${same[0]} and ${name} have to differ; both are ${port}.`
  }
  return undefined
}

function checkEngine({ engine }: GatewayConfig): string | undefined {
  for (const setting of ['extentBytes', 'segmentBytes'] as const)
    if (!Number.isInteger(Math.log2(engine[setting])))
      return `engine.${setting} has to be a power of two; found ${engine[setting]}.`
  if (engine.indexBytesMax !== 0 && engine.indexBytesMax < indexBytesMin)
    return `engine.indexBytesMax has to be 0 or at least 1 MiB; found ${engine.indexBytesMax}.`
  if (engine.cpus.length > 0 && engine.cpus.length !== engine.reactors)
    return (
      `engine.cpus has to name ${engine.reactors} cores, one a reactor; ` +
      `found ${engine.cpus.length}.`
    )
  if (engine.bufferBytes < engine.reactors * 4 * 2 ** 20)
    return `engine.bufferBytes has to be 4 MiB a reactor at least; found ${engine.bufferBytes}.`
  const paths = engine.devices.map(({ path }) => path)
  const twice = paths.find((path, index) => paths.indexOf(path) !== index)
  return twice && `engine.devices names ${twice} twice.`
}
