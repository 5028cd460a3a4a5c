/** etcd as a process of a cluster on one machine. */
import { join } from 'node:path'
import { type Child, startChild } from './child.ts'
import { filesOf, type Layout } from './layout.ts'
import { tryPort } from './ports.ts'

export const etcdName = 'etcd'

const answerLimitMs = 15_000
const pollMs = 100
/** Of the metadata: control/README.md says how much that is. */
const quotaBytes = 8 * 2 ** 30

export function startEtcd(layout: Layout): Child {
  const { log } = filesOf(layout, etcdName)
  return startChild({
    name: etcdName,
    program: 'etcd',
    main: '',
    args: flagsOf(layout),
    logPath: log,
  })
}

/** Resolves when it listens, or has had time enough: who needs it says then what is wrong. */
export async function etcdAnswers({ address, etcdEndpoint = '' }: Layout): Promise<void> {
  const startedMs = performance.now()
  const { port } = new URL(etcdEndpoint)
  while ((await tryPort(address, Number(port))) === undefined) {
    if (performance.now() - startedMs > answerLimitMs) return
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}

function flagsOf({ folder, address, etcdEndpoint = '' }: Layout): string[] {
  const peer = `http://${address}:${Number(new URL(etcdEndpoint).port) + 1}`
  const member = { name: etcdName, dataFolder: join(folder, etcdName), client: etcdEndpoint, peer }
  return etcdFlags(member, {
    'quota-backend-bytes': quotaBytes,
    'auto-compaction-mode': 'periodic',
    'auto-compaction-retention': '1h',
  })
}

export interface EtcdMember {
  readonly name: string
  readonly dataFolder: string
  /** Where clients reach it, as a URL. */
  readonly client: string
  /** Where other members would. */
  readonly peer: string
}

/** The command line of an etcd with one member. */
export function etcdFlags(
  { name, dataFolder, client, peer }: EtcdMember,
  more: Readonly<Record<string, string | number>>,
): string[] {
  const flags = {
    name,
    'data-dir': dataFolder,
    'listen-client-urls': client,
    'advertise-client-urls': client,
    'listen-peer-urls': peer,
    'initial-advertise-peer-urls': peer,
    'initial-cluster': `${name}=${peer}`,
    logger: 'zap',
    ...more,
  }
  return Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`)
}
