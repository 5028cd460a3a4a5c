/**
 * A real etcd for tests, on ports and in a folder of its own; it ends with the test's process.
 *
 * Its election is quick, so that leases may be as short as a second.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Etcd3, Range } from 'etcd3'
import { etcdFlags } from '../../control/quickstart/etcd.ts'
import { type Certificates, createCertificates } from './certificates.ts'
import { freePorts } from './free-port.ts'
import { until } from './until.ts'

export interface EtcdServer {
  readonly endpoint: string
  readonly certificates: Certificates | undefined
  /** Resolves once it answers. */
  start(): Promise<void>
  /** Resolves once it has ended. */
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Stands still until SIGCONT. */
  signal(signal: NodeJS.Signals): void
  close(): Promise<void>
}

export interface EtcdServerOptions {
  /** Hosts show a certificate, and so does the server. */
  readonly tls?: boolean
}

const startLimitMs = 20_000
const readyText = /serving client traffic (in)?securely/

export async function startEtcd({ tls = false }: EtcdServerOptions = {}): Promise<EtcdServer> {
  const folder = mkdtempSync(join(tmpdir(), 'ashlar-etcd-'))
  const [port = 0, peerPort = 0] = await freePorts(2)
  const certificates = tls ? await createCertificates(folder) : undefined
  const endpoint = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`
  const logPath = join(folder, 'log')
  const args = argumentsOf(folder, endpoint, peerPort, certificates)
  let child: ChildProcess | undefined
  const kill = async (signal: NodeJS.Signals = 'SIGKILL') => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    child.ref()
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }
  const remove = () => {
    child?.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
  process.once('exit', remove)
  const server: EtcdServer = {
    endpoint,
    certificates,
    async start() {
      const log = openSync(logPath, 'a')
      const before = readFileSync(logPath).length
      child = spawn('etcd', args, { stdio: ['ignore', log, log] })
      closeSync(log)
      child.on('error', () => {})
      child.unref()
      const isReady = () => readyText.test(readFileSync(logPath).subarray(before).toString())
      await until(isReady, 'etcd answers', startLimitMs).catch((error: Error) => {
        throw new Error(`${error.message}\n${readFileSync(logPath, 'utf8').slice(-4000)}`)
      })
    },
    kill,
    signal: (signal) => void child?.kill(signal),
    async close() {
      await kill()
      remove()
      process.off('exit', remove)
    },
  }
  await server.start()
  return server
}

function argumentsOf(
  folder: string,
  client: string,
  peerPort: number,
  certificates: Certificates | undefined,
): string[] {
  const peer = `http://127.0.0.1:${peerPort}`
  const member = { name: 'test', dataFolder: join(folder, 'data'), client, peer }
  return etcdFlags(member, {
    'heartbeat-interval': 20,
    'election-timeout': 200,
    'bcrypt-cost': 4,
    ...(certificates && {
      'cert-file': certificates.server.certificate,
      'key-file': certificates.server.key,
      'trusted-ca-file': certificates.authority,
      'client-cert-auth': 'true',
    }),
  })
}

/** From now on it asks who it is: `user` may read and write under `prefix` only. */
export async function enableAuth(
  { endpoint, certificates }: EtcdServer,
  { user, password, prefix }: { user: string; password: string; prefix: string },
): Promise<void> {
  const client = new Etcd3({
    hosts: endpoint,
    ...(certificates && {
      credentials: {
        rootCertificate: readFileSync(certificates.authority),
        certChain: readFileSync(certificates.client.certificate),
        privateKey: readFileSync(certificates.client.key),
      },
    }),
  })
  const role = client.role('ashlar')
  await role.create()
  await role.grant({ permission: 'Readwrite', range: Range.prefix(prefix) })
  await client.user(user).create(password)
  await client.user(user).addRole('ashlar')
  await client.user('root').create('root')
  await client.role('root').create()
  await client.user('root').addRole('root')
  await client.auth.authEnable()
  client.close()
}
