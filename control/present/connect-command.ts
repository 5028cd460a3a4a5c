/** The line that connects a host to a volume, ready to be pasted into its shell. */

export interface Connection {
  readonly address: string
  readonly port: number
  readonly subsystemNqn: string
  readonly hostNqn: string
}

/** The program and its arguments. */
export function connectWords(connection: Connection): string[] {
  const { address, port, subsystemNqn, hostNqn } = connection
  const words = ['nvme', 'connect', '-t', 'tcp', '-a', address, '-s', String(port)]
  words.push('-n', subsystemNqn, '-q', hostNqn)
  // A volume comes back: a host that gives up after ten minutes would lose its file system.
  words.push('--ctrl-loss-tmo=-1', '--reconnect-delay=2')
  return words
}

export const connectCommand = (connection: Connection): string =>
  connectWords(connection).map(quote).join(' ')

/** An NQN may hold any printable character, also those that a shell acts on. */
const quote = (word: string): string =>
  /^[\w.:/=@%+,[\]-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
