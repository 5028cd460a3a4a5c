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
  const flags = {
    name: etcdName,
    'data-dir': join(folder, etcdName),
    'listen-client-urls': etcdEndpoint,
    'advertise-client-urls': etcdEndpoint,
    'listen-peer-urls': peer,
    'initial-advertise-peer-urls': peer,
    'initial-cluster': `${etcdName}=${peer}`,
    'quota-backend-bytes': quotaBytes,
    'auto-compaction-mode': 'periodic',
    'auto-compaction-retention': '1h',
    logger: 'zap',
  }
  return Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`)
}
