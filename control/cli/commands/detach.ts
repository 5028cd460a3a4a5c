/** `ashlar detach VOLUME`: disconnects a volume from this machine and gives it back. */
import type { Command } from 'commander'
import { type Context, createContext } from '../context.ts'
import { CliFailure } from '../failure.ts'
import { hostNqnOf } from '../host/host-nqn.ts'
import type { Host } from '../host/linux-host.ts'
import { parseSeconds } from '../parse.ts'
import type { Surroundings } from '../surroundings.ts'
import { defaultTimeoutSeconds } from '../wait.ts'
import { waitUntilDetached } from './attachments.ts'

interface DetachOptions {
  readonly hostNqn?: string
  readonly timeout: number
}

export function addDetachCommand(program: Command, around: Surroundings): void {
  program
    .command('detach <volume>')
    .description('disconnect a volume from this machine and detach it')
    .option('--host-nqn <nqn>', "another host's name than that in /etc/nvme/hostnqn")
    .option(
      '--timeout <seconds>',
      'how long to wait for the gateway',
      parseSeconds,
      defaultTimeoutSeconds,
    )
    .action(async (volume: string, options: DetachOptions, command: Command) => {
      await detach(createContext(command, around), volume, options)
    })
}

async function detach(context: Context, name: string, options: DetachOptions): Promise<void> {
  const { api, around } = context
  const hostNqn = hostNqnOf(around.host, options.hostNqn)
  const volume = await api.getVolume(name)
  const [attachment] = await api.listAttachments({ volume: volume.id, hostNqn })
  if (attachment === undefined) {
    throw new CliFailure('failed', `Volume ${volume.name} is not attached to ${hostNqn}.`)
  }
  if (hostNqn === around.host.nqn) await disconnect(around.host, volume.name, volume.subsystemNqn)
  const detaching = await api.deleteAttachment(attachment.id)
  await waitUntilDetached(context, detaching, options.timeout)
  context.result(detaching, () => `Volume ${volume.name} is detached.\n`)
}

/** A device that is in use stays: taking it away would fail its file system's writes. */
async function disconnect(host: Host, name: string, subsystemNqn: string): Promise<void> {
  const device = host.deviceOf(subsystemNqn)
  if (device === undefined) return
  const users = host.usersOf(device)
  if (users.length > 0) {
    throw new CliFailure('failed', `Volume ${name} (${device}) is ${users.join(' and ')}.`)
  }
  if (host.obstacle !== undefined) {
    throw new CliFailure('failed', `${device} is to be disconnected first, but ${host.obstacle}.`)
  }
  const { code, output } = await host.run('nvme', ['disconnect', '-n', subsystemNqn])
  if (code !== 0) throw new CliFailure('failed', `nvme disconnect failed: ${output}`)
}
