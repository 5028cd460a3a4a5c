/**
 * The configuration of a control process: what a file may say, and the checks that cross its
 * fields.
 */
import Type, { type Static } from 'typebox'
import { Bytes } from '../configs/bytes.ts'
import { ConfigError, type ConfigSource, loadConfig } from '../configs/load-config.ts'
import { controllerIdMax } from './model/cell.ts'
import { groupsPerVolumeMax } from './model/volume.ts'

const mapping = { additionalProperties: false }

const listen = (port: number, description: string) =>
  Type.Object(
    {
      address: Type.String({
        minLength: 1,
        default: '127.0.0.1',
        description: 'Address to listen on; 0.0.0.0 or :: for every interface.',
      }),
      port: Type.Integer({ minimum: 0, maximum: 65_535, default: port, description }),
    },
    { ...mapping, default: {} },
  )

const api = Type.Object(
  {
    ...listen(7480, 'TCP port of the REST API; 0 lets the kernel choose.').properties,
    advertisedAddress: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'Address of the API for other control processes, where api.address is none.',
      }),
    ),
  },
  { ...mapping, default: {} },
)

const tls = Type.Object(
  {
    authorityFile: Type.String({
      minLength: 1,
      description: "PEM file of the authority that signed etcd's certificate.",
    }),
    certificateFile: Type.Optional(
      Type.String({ minLength: 1, description: 'PEM file of the certificate shown to etcd.' }),
    ),
    keyFile: Type.Optional(
      Type.String({ minLength: 1, description: 'PEM file of its private key.' }),
    ),
  },
  mapping,
)

const auth = Type.Object(
  {
    user: Type.String({ minLength: 1, description: "Name of etcd's user." }),
    passwordFile: Type.String({
      minLength: 1,
      description: 'File that holds the password; white space at its end does not count.',
    }),
  },
  mapping,
)

const etcd = Type.Object(
  {
    endpoints: Type.Array(
      Type.String({ pattern: '^https?://[^/]+:[0-9]+$', 'x-form': 'http://host:port, or https' }),
      { minItems: 1, maxItems: 16, description: "Client addresses of etcd's members." },
    ),
    prefix: Type.String({
      pattern: '^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*/$',
      maxLength: 100,
      'x-form': 'name/, or name/name/',
      default: 'ashlar/',
      description: "What all of the cell's keys begin with; each cell needs its own.",
    }),
    timeoutMs: Type.Integer({
      minimum: 500,
      maximum: 60_000,
      default: 3000,
      description: 'How long a read is tried for; what is written takes three times that at most.',
    }),
    leaseMs: Type.Integer({
      minimum: 1000,
      maximum: 60_000,
      default: 3000,
      description: 'How long a leader that is not heard stays leader; etcd rounds up to seconds.',
    }),
    tls: Type.Optional(tls),
    auth: Type.Optional(auth),
  },
  mapping,
)

const metadata = Type.Object(
  {
    folder: Type.String({
      minLength: 1,
      default: '/var/lib/ashlar/control',
      description: 'Folder of the embedded metadata store; not used with etcd.',
    }),
    etcd: Type.Optional(etcd),
  },
  { ...mapping, default: {} },
)

const cell = Type.Object(
  {
    name: Type.String({
      pattern: '^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$',
      'x-form': 'a-z, 0-9 and "-", at most 32, no "-" at its ends',
      default: 'main',
      description: 'Name of the cell, for logs and metrics.',
    }),
    extentBytes: Bytes({
      minimum: 4 * 2 ** 20,
      maximum: 4 * 2 ** 30,
      default: '1 GiB',
      description: 'Extent size of the cell, a power of two; the same everywhere and for good.',
    }),
    placementGroupsPerNode: Type.Integer({
      minimum: 1,
      maximum: 100,
      default: 64,
      description: 'Of how many placement groups a node is a member, for each number of copies.',
    }),
    copies: Type.Union([Type.Literal(1), Type.Literal(2), Type.Literal(3)], {
      default: 3,
      'x-form': '1, 2 or 3',
      description: 'Copies of a volume that does not say how many; each lies in another rack.',
    }),
    controllerIdsPerNode: Type.Integer({
      minimum: 16,
      maximum: controllerIdMax,
      default: 1024,
      description: 'How many controller ids a node has for its hosts, not shared with other nodes.',
    }),
    volumeWidth: Type.Integer({
      minimum: 1,
      maximum: groupsPerVolumeMax,
      default: 8,
      description: 'Over how many placement groups a volume is spread.',
    }),
    overcommit: Type.Number({
      minimum: 0.1,
      maximum: 1000,
      default: 1,
      description: 'Bytes that may be provisioned for each byte of capacity: volumes are thin.',
    }),
    nqnPrefix: Type.String({
      pattern: '^nqn\\.[0-9]{4}-(0[1-9]|1[0-2])\\.[a-z0-9.-]+(:[A-Za-z0-9._:-]+)?$',
      'x-form': 'nqn.yyyy-mm.reverse.domain, and :name where wanted',
      maxLength: 180,
      default: 'nqn.2026-01.io.ashlar',
      description: 'What the NQN of every volume begins with.',
    }),
  },
  { ...mapping, default: {} },
)

const health = Type.Object(
  {
    heartbeatMs: Type.Integer({
      minimum: 100,
      maximum: 60_000,
      default: 1000,
      description: 'How often gateways say that they are there.',
    }),
    silentMs: Type.Integer({
      minimum: 200,
      maximum: 600_000,
      default: 5000,
      description: 'A gateway not heard for so long is silent: no volume is placed there.',
    }),
    goneMs: Type.Integer({
      minimum: 200,
      maximum: 3_600_000,
      default: 60_000,
      description: 'A gateway not heard for so long is gone: its volumes are in error.',
    }),
  },
  { ...mapping, default: {} },
)

const repair = Type.Object(
  {
    delayMs: Type.Integer({
      minimum: 0,
      maximum: 86_400_000,
      default: 600_000,
      description: 'How long a lost member may stay away until another node takes its place.',
    }),
    joiningMax: Type.Integer({
      minimum: 1,
      maximum: 10_000,
      default: 64,
      description: 'How many members of placement groups are filled at a time, in the whole cell.',
    }),
    fullPercent: Type.Integer({
      minimum: 10,
      maximum: 100,
      default: 85,
      description: 'A node whose disks are so full gets no more groups to hold.',
    }),
    settleMs: Type.Integer({
      minimum: 0,
      maximum: 10_000,
      default: 300,
      description: 'How long a primary that loses all others at once waits for what they say.',
    }),
  },
  { ...mapping, default: {} },
)

const logLevels = ['debug', 'info', 'warn', 'error'] as const

export const controlConfigSchema = Type.Object(
  {
    api,
    sessions: listen(7481, 'TCP port that gateways connect to (gRPC); 0 lets the kernel choose.'),
    metadata,
    cell,
    health,
    repair,
    requestsPerSecond: Type.Integer({
      minimum: 1,
      maximum: 1_000_000,
      default: 500,
      description: 'Requests of the REST API that are answered to one address in a second.',
    }),
    log: Type.Object(
      {
        level: Type.Union(
          logLevels.map((level) => Type.Literal(level)),
          { default: 'info', description: 'The least important lines that are written.' },
        ),
      },
      { ...mapping, default: {} },
    ),
  },
  { ...mapping, title: 'Configuration of an Ashlar control process' },
)

export type ControlConfig = Static<typeof controlConfigSchema>

export function loadControlConfig(source: ConfigSource): ControlConfig {
  const config = loadConfig(controlConfigSchema, source)
  const mistake = crossCheck(config)
  if (mistake) throw new ConfigError(`${source.path ?? 'settings'}: ${mistake}`)
  return config
}

/** The first rule between fields that is broken, as a sentence. */
function crossCheck(config: ControlConfig): string | undefined {
  return checkEtcd(config) ?? checkCell(config)
}

const anyAddress = new Set(['0.0.0.0', '::'])

function checkEtcd({ api, metadata: { etcd } }: ControlConfig): string | undefined {
  if (!etcd) return undefined
  const { endpoints, tls } = etcd
  const secure = endpoints.filter((endpoint) => endpoint.startsWith('https:')).length
  if (secure !== (tls ? endpoints.length : 0))
    return tls
      ? 'metadata.etcd.endpoints have to begin with https: metadata.etcd.tls is set.'
      : 'metadata.etcd.tls has to be set: an endpoint begins with https.'
  if (tls && (tls.certificateFile === undefined) !== (tls.keyFile === undefined))
    return 'metadata.etcd.tls needs certificateFile and keyFile, or neither.'
  if (anyAddress.has(api.advertisedAddress ?? api.address))
    return 'api.advertisedAddress has to be set: nobody can connect to every address at once.'
  return undefined
}

function checkCell({ cell, health }: ControlConfig): string | undefined {
  if (!Number.isInteger(Math.log2(cell.extentBytes)))
    return `cell.extentBytes has to be a power of two; found ${cell.extentBytes}.`
  if (cell.volumeWidth > cell.placementGroupsPerNode)
    return 'cell.volumeWidth has to be at most cell.placementGroupsPerNode.'
  if (health.silentMs < 2 * health.heartbeatMs)
    return 'health.silentMs has to be at least twice health.heartbeatMs.'
  if (health.goneMs < health.silentMs) return 'health.goneMs has to be at least health.silentMs.'
  return undefined
}
