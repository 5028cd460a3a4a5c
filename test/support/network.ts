/** Cuts gateways that have a network namespace each off one from another, and brings them back. */
import { execFileSync } from 'node:child_process'
import { bridge, type Namespaces } from '../../control/quickstart/namespaces.ts'

export interface Network {
  /** Nothing comes from or to this gateway any more, and nobody is told. */
  cutOff(gateway: number): void
  heal(gateway: number): void
  /** What `from` sends to `to` is lost; what comes back is not. */
  cutOneWay(from: number, to: number): void
  healOneWay(from: number, to: number): void
}

/** Nobody has it: the bridge passes on what is sent there, and no one takes it. */
const nobody = '02:00:00:00:00:01'

export function createNetwork({ members }: Namespaces): Network {
  const member = (gateway: number) => {
    const found = members[gateway]
    if (!found) throw new Error(`gateway ${gateway} has no namespace`)
    return found
  }
  const neighbour = (from: number, to: number, verb: string, ...more: string[]) => {
    const { namespace } = member(from)
    ip('-n', namespace, 'neigh', verb, member(to).address, 'dev', 'eth0', ...more)
  }
  return {
    cutOff: (gateway) => ip('link', 'set', member(gateway).outside, 'nomaster'),
    heal: (gateway) => ip('link', 'set', member(gateway).outside, 'master', bridge),
    cutOneWay: (from, to) => neighbour(from, to, 'replace', 'lladdr', nobody, 'nud', 'permanent'),
    healOneWay: (from, to) => neighbour(from, to, 'del'),
  }
}

function ip(...words: string[]): void {
  execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'pipe'] })
}
