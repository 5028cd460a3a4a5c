/** The line that connects a host to a volume, ready to be pasted into its shell. */

export interface Connection {
  readonly address: string
  readonly port: number
  readonly subsystemNqn: string
  readonly hostNqn: string
}

export function connectCommand({ address, port, subsystemNqn, hostNqn }: Connection): string {
  const words = ['nvme', 'connect', '-t', 'tcp', '-a', address, '-s', String(port)]
  words.push('-n', subsystemNqn, '-q', hostNqn)
  // A volume comes back: a host that gives up after ten minutes would lose its file system.
  words.push('--ctrl-loss-tmo=-1', '--reconnect-delay=2')
  return words.map(quote).join(' ')
}

/** An NQN may hold any printable character, also those that a shell acts on. */
const quote = (word: string): string =>
  /^[\w.:/=@%+,[\]-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
