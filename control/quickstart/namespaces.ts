/**
 * A network namespace with an address of its own for each gateway, on a bridge of this machine:
 * gateways can then be cut off one from another, as machines can.
 */
import { look } from '../../configs/setup/command.mjs'

export interface Namespaces {
  /** Of the bridge, where everything outside is reached. */
  readonly address: string
  /** In the order of the names. */
  readonly members: readonly NamespaceMember[]
  remove(): void
}

export interface NamespaceMember {
  readonly namespace: string
  readonly address: string
  /** Its end on the bridge. */
  readonly outside: string
}

export const bridge = 'ashlar0'
const network = '10.83.0'
const prefixBits = 24
const firstMember = 11

/**
 * Undefined, with the reason in `say` unless it is another user than root, where there can be none.
 */
export function createNamespaces(
  names: readonly string[],
  say: (sentence: string) => void,
): Namespaces | undefined {
  if (process.getuid?.() !== 0) return undefined
  const members = names.map((name, index) => ({
    namespace: `ashlar-${name}`,
    address: `${network}.${firstMember + index}`,
    outside: `ashlar-veth${index + 1}`,
  }))
  const remove = () => {
    for (const { namespace } of members) look('ip', ['netns', 'delete', namespace])
    look('ip', ['link', 'delete', bridge])
  }
  if (members.some(({ namespace }) => isInUse(namespace))) {
    say("Another cluster has the network namespaces: gateways share this machine's network.")
    return undefined
  }
  // Those of a start that was killed.
  remove()
  const address = `${network}.1`
  const commands = [
    `link add ${bridge} type bridge`,
    `address add ${address}/${prefixBits} dev ${bridge}`,
    `link set ${bridge} up`,
    ...members.flatMap((member) => [
      `netns add ${member.namespace}`,
      `link add ${member.outside} type veth peer name eth0 netns ${member.namespace}`,
      `link set ${member.outside} master ${bridge} up`,
      `-n ${member.namespace} address add ${member.address}/${prefixBits} dev eth0`,
      `-n ${member.namespace} link set eth0 up`,
      `-n ${member.namespace} link set lo up`,
    ]),
  ]
  for (const command of commands) {
    const { code, output } = look('ip', command.split(' '))
    if (code === 0) continue
    remove()
    say(`No network namespaces here, gateways share this machine's: ${output.trim()}`)
    return undefined
  }
  return { address, members, remove }
}

function isInUse(namespace: string): boolean {
  const { code, output } = look('ip', ['netns', 'pids', namespace])
  return code === 0 && output.trim() !== ''
}
