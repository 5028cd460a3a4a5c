/** `ashlar attachments …` */
import type { Command } from 'commander'
import type { AttachmentBody } from '../../http/schemas/attachment.ts'
import type { AttachmentFilter } from '../api/api.ts'
import { type Context, confirm, createContext } from '../context.ts'
import { showAddresses, showFields, showTable } from '../show.ts'
import type { Surroundings } from '../surroundings.ts'
import { waitUntil, waitUntilGone } from '../wait.ts'
import { withWait } from './volumes.ts'

export function addAttachmentCommands(program: Command, around: Surroundings): void {
  const attachments = program.command('attachments').description('which host may use which volume')
  addReading(attachments, around)
  withWait(attachments.command('create <volume>'))
    .description('let a host use a volume')
    .requiredOption('--host-nqn <nqn>', "the host's name, as its /etc/nvme/hostnqn has it")
    .action(async (volume: string, options: CreateOptions, command: Command) => {
      const context = createContext(command, around)
      const { hostNqn, wait, timeout } = options
      const made = await context.api.createAttachment({ volume, hostNqn })
      printAttachment(context, wait ? await settleAttachment(context, made, timeout) : made)
    })
  withWait(attachments.command('delete <attachment>'))
    .description('take a volume away from its host; disconnect it there first')
    .option('-y, --yes', 'do not ask')
    .action(async (id: string, options: DeleteOptions, command: Command) => {
      const context = createContext(command, around)
      const { volumeName, hostNqn } = await context.api.getAttachment(id)
      const what = `Host ${hostNqn} loses volume ${volumeName}, connected or not.`
      await confirm(around, options.yes === true, what)
      const detaching = await context.api.deleteAttachment(id)
      if (options.wait) await waitUntilDetached(context, detaching, options.timeout)
      const end = options.wait ? 'is deleted' : 'is being deleted'
      context.result(detaching, () => `Attachment ${id} ${end}.\n`)
    })
}

interface CreateOptions {
  readonly hostNqn: string
  readonly wait?: boolean
  readonly timeout: number
}

interface DeleteOptions {
  readonly yes?: boolean
  readonly wait?: boolean
  readonly timeout: number
}

function addReading(attachments: Command, around: Surroundings): void {
  attachments
    .command('list')
    .description('list attachments')
    .option('--volume <volume>', 'only those of this volume, by name or id')
    .option('--host-nqn <nqn>', 'only those of this host')
    .option('--state <state>', 'only those in this state')
    .action(async (filter: AttachmentFilter, command: Command) => {
      const { api, result } = createContext(command, around)
      const found = await api.listAttachments(filter)
      result(found, () => showAttachments(found))
    })
  attachments
    .command('show <attachment>')
    .description('show an attachment, by id')
    .action(async (id: string, _: object, command: Command) => {
      const context = createContext(command, around)
      printAttachment(context, await context.api.getAttachment(id))
    })
}

/** Waits until the host can connect. */
export function settleAttachment(
  context: Context,
  { id, volumeName }: AttachmentBody,
  timeoutSeconds: number,
): Promise<AttachmentBody> {
  const read = () => context.api.getAttachment(id)
  const limits = { timeoutSeconds, around: context.around }
  return waitUntil(`Volume ${volumeName}`, read, ({ state }) => state === 'attached', limits)
}

export function waitUntilDetached(
  context: Context,
  { id, volumeName }: AttachmentBody,
  timeoutSeconds: number,
): Promise<void> {
  const read = () => context.api.getAttachment(id)
  const limits = { timeoutSeconds, around: context.around }
  return waitUntilGone(`Volume ${volumeName}`, read, 'ATTACHMENT_NOT_FOUND', limits)
}

function printAttachment({ result }: Context, attachment: AttachmentBody): void {
  result(attachment, () =>
    showFields({
      Id: attachment.id,
      Volume: `${attachment.volumeName} (${attachment.volumeId})`,
      Host: attachment.hostNqn,
      State: attachment.state,
      Reason: attachment.reason,
      Node: attachment.node,
      Addresses: showAddresses(attachment.addresses),
      Discovery: showAddresses(attachment.discoveryAddresses),
      Subsystem: attachment.subsystemNqn,
      Created: attachment.createdAt,
      Connect: attachment.connectCommand,
    }),
  )
}

function showAttachments(attachments: readonly AttachmentBody[]): string {
  if (attachments.length === 0) return 'There are no attachments.\n'
  const heading = ['ID', 'VOLUME', 'STATE', 'NODE', 'HOST', 'REASON']
  const rows = attachments.map((attachment) => [
    attachment.id,
    attachment.volumeName,
    attachment.state,
    attachment.node,
    attachment.hostNqn,
    attachment.reason ?? '',
  ])
  return showTable(heading, rows)
}
