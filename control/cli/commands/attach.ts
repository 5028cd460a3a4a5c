/** `ashlar attach VOLUME`: from a volume's name to a block device of this machine. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import type { AttachmentBody } from '../../http/schemas/attachment.ts'
import { connectWords } from '../../present/connect-command.ts'
import { type Context, createContext } from '../context.ts'
import { CliFailure } from '../failure.ts'
import { hostNqnOf } from '../host/host-nqn.ts'
import type { Host } from '../host/linux-host.ts'
import { parseSeconds } from '../parse.ts'
import type { Surroundings } from '../surroundings.ts'
import { defaultTimeoutSeconds } from '../wait.ts'
import { settleAttachment } from './attachments.ts'
import { settle } from './volumes.ts'

interface AttachOptions {
  readonly hostNqn?: string
  readonly print?: boolean
  readonly timeout: number
}

export function addAttachCommand(program: Command, around: Surroundings): void {
  program
    .command('attach <volume>')
    .description('attach a volume to this machine and connect it')
    .option('--host-nqn <nqn>', "another host's name than that in /etc/nvme/hostnqn")
    .option('--print', 'print the nvme command instead of running it')
    .option(
      '--timeout <seconds>',
      'how long to wait for the gateway',
      parseSeconds,
      defaultTimeoutSeconds,
    )
    .action(async (volume: string, options: AttachOptions, command: Command) => {
      await attach(createContext(command, around), volume, options)
    })
}

async function attach(context: Context, name: string, options: AttachOptions): Promise<void> {
  const { host, note } = context.around
  const hostNqn = hostNqnOf(host, options.hostNqn)
  const attachment = await attachTo(context, name, hostNqn, options.timeout)
  const command = attachment.connectCommand
  const obstacle = hostNqn === host.nqn ? host.obstacle : 'the volume is for another host'
  if (options.print === true || obstacle !== undefined) {
    if (options.print !== true) note(`Nothing is connected here: ${obstacle}. Run this there:\n`)
    context.result({ attachment, command }, () => `${command}\n`)
    return
  }
  const device = await connect(host, attachment)
  context.result({ attachment, command, device }, () => `${name} is ${device}\n`)
}

/** Reuses the attachment that this host has already. */
async function attachTo(
  context: Context,
  name: string,
  hostNqn: string,
  timeoutSeconds: number,
): Promise<AttachmentBody> {
  const { api } = context
  const volume = await settle(context, await api.getVolume(name), timeoutSeconds)
  const [found] = await api.listAttachments({ volume: volume.id, hostNqn })
  const isUsable = found !== undefined && found.state !== 'detaching'
  const attachment = isUsable ? found : await api.createAttachment({ volume: volume.id, hostNqn })
  return await settleAttachment(context, attachment, timeoutSeconds)
}

const deviceTimeoutMs = 10_000
const devicePollMs = 100

async function connect(host: Host, attachment: AttachmentBody): Promise<string> {
  const { subsystemNqn, hostNqn, addresses } = attachment
  const connected = host.deviceOf(subsystemNqn)
  if (connected !== undefined) return connected
  // The kernel knows nothing of NVMe/TCP before its module is there; where it is built in, none is.
  await host.run('modprobe', ['nvme-tcp'])
  const [address] = addresses
  if (address === undefined) throw new CliFailure('failed', 'The attachment names no address.')
  const [program = '', ...args] = connectWords({ ...address, subsystemNqn, hostNqn })
  const { code, output } = await host.run(program, args)
  if (code !== 0) throw new CliFailure('failed', `nvme connect failed: ${output || `code ${code}`}`)
  const endMs = performance.now() + deviceTimeoutMs
  for (;;) {
    const device = host.deviceOf(subsystemNqn)
    if (device !== undefined) return device
    if (performance.now() > endMs) {
      throw new CliFailure('timedOut', 'The volume is connected, but its device does not appear.')
    }
    await sleep(devicePollMs)
  }
}
