/** What the quick start prints once everything is up: where things are and what to try. */
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { addressOf, filesOf, type Layout } from './layout.ts'

/** A host waits for its gateway however long that takes. */
const patience = '--ctrl-loss-tmo=-1 --reconnect-delay=2'

export function welcomeText(layout: Layout, hostNqn = readHostNqn()): string {
  const { address, apiPort, gateways, otherControls = [] } = layout
  const api = `http://${address}:${apiPort}`
  const post = (path: string, body: unknown) =>
    `  curl -s -X POST ${api}/v1/${path} -H 'content-type: application/json' \\\n` +
    `    -d '${JSON.stringify(body)}'`
  const [first] = gateways
  const at = first ? addressOf(layout, first) : address
  const volume = { name: 'first', sizeBytes: 2 ** 30 }
  return [
    'Ashlar is up.',
    '',
    `  API         ${api}/v1`,
    `  Swagger UI  ${api}/docs`,
    ...otherControls.map(({ apiPort: port }) => `  API, too    http://${address}:${port}/v1`),
    ...gateways.map((gateway) => {
      const { name, rack, ioPort, discoveryPort: port } = gateway
      const own = addressOf(layout, gateway)
      return `  ${name}   rack ${rack}, hosts ${own}:${ioPort}, discovery ${own}:${port}`
    }),
    `  logs        ${filesOf(layout, '*').log}`,
    '',
    'Create a volume of 1 GiB and attach it to this host:',
    post('volumes', volume),
    post('attachments', { volume: volume.name, hostNqn }),
    '',
    'Then, as root (the connectCommand of the answer is this line, filled in):',
    '  modprobe nvme-tcp',
    `  nvme connect -t tcp -a ${at} -s PORT -n SUBSYSTEM_NQN -q ${hostNqn} ${patience}`,
    'Or all volumes of this host at once, found by discovery:',
    `  nvme connect-all -t tcp -a ${at} -s ${first?.discoveryPort} -q ${hostNqn} ${patience}`,
    '',
    'Ctrl-C stops everything; the next start finds the volumes again.',
  ].join('\n')
}

/** This machine's own, or a sample when it has none yet. */
function readHostNqn(): string {
  try {
    const found = readFileSync('/etc/nvme/hostnqn', 'utf8').trim()
    if (found) return found
  } catch {
    // nvme-cli is not installed here; hosts may well be other machines.
  }
  return `nqn.2014-08.org.nvmexpress:uuid:${randomUUID()}`
}
