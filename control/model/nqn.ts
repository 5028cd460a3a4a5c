/** NVMe qualified names, as NVMe Base 2.0 section 4.7 forms them. */

const bytesMax = 223
const uuidForm = /^nqn\.2014-08\.org\.nvmexpress:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const label = '[a-z0-9](?:[a-z0-9-]*[a-z0-9])?'
// The date is a month the domain's owner held it; the domain is reversed; then anything printable.
const domainForm = new RegExp(
  `^nqn\\.[0-9]{4}-(?:0[1-9]|1[0-2])\\.${label}(?:\\.${label})*:[\\x21-\\x7e]+$`,
  'i',
)

/** The first rule that `nqn` breaks, as a sentence; undefined for a good one. */
export function invalidNqn(nqn: string): string | undefined {
  if (Buffer.byteLength(nqn) > bytesMax)
    return `An NQN has at most ${bytesMax} bytes; this one has ${Buffer.byteLength(nqn)}.`
  if (nqn.startsWith('nqn.2014-08.org.nvmexpress:uuid:'))
    return uuidForm.test(nqn) ? undefined : 'The NQN does not end in a UUID.'
  if (nqn === 'nqn.2014-08.org.nvmexpress.discovery')
    return 'This is the well-known name of discovery, not of a host.'
  if (!nqn.startsWith('nqn.')) return 'An NQN begins with "nqn.".'
  if (!domainForm.test(nqn))
    return 'An NQN is nqn.yyyy-mm.reverse.domain:name or nqn.2014-08.org.nvmexpress:uuid:UUID.'
  return undefined
}

export const subsystemNqnOf = (prefix: string, volumeId: string): string => `${prefix}:${volumeId}`
