/** The name under which a host attaches: the one given, or this machine's own. */
import { invalidNqn } from '../../model/nqn.ts'
import { CliFailure } from '../failure.ts'
import type { Host } from './linux-host.ts'

export function hostNqnOf(host: Host, given: string | undefined): string {
  const nqn = given ?? host.nqn
  if (nqn === '') {
    throw new CliFailure(
      'usage',
      'This machine has no /etc/nvme/hostnqn: install nvme-cli, or give --host-nqn.',
    )
  }
  const fault = invalidNqn(nqn)
  if (fault !== undefined) throw new CliFailure('usage', `${fault} Found: ${nqn}`)
  return nqn
}
