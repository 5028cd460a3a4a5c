/** `ashlar volumes …` */
import type { Command } from 'commander'
import type { Copies } from '../../../placement/topology.ts'
import type { VolumeBody } from '../../http/schemas/volume.ts'
import { type Context, confirm, createContext } from '../context.ts'
import {
  gatherLabelChanges,
  gatherLabels,
  gatherWords,
  parseCopies,
  parseSeconds,
  parseSize,
} from '../parse.ts'
import { showBytes, showFields, showLabels, showTable } from '../show.ts'
import type { Surroundings } from '../surroundings.ts'
import { defaultTimeoutSeconds, waitUntil, waitUntilGone } from '../wait.ts'

interface WaitChoice {
  readonly wait?: boolean
  readonly timeout: number
}

export function addVolumeCommands(program: Command, around: Surroundings): void {
  const volumes = program.command('volumes').description('what hosts attach')
  addReading(volumes, around)
  addMaking(volumes, around)
  addChanging(volumes, around)
}

function addReading(volumes: Command, around: Surroundings): void {
  volumes
    .command('list')
    .description('list volumes')
    .option('--state <state>', 'only volumes in this state')
    .option('--label <label>', 'only volumes with this key, or key=value; repeatable', gatherWords)
    .action(async (filter: { state?: string; label?: string[] }, command: Command) => {
      const { api, result } = createContext(command, around)
      const found = await api.listVolumes(filter)
      result(found, () => showVolumes(found))
    })
  volumes
    .command('show <volume>')
    .description('show a volume, by name or id')
    .action(async (name: string, _: object, command: Command) => {
      const context = createContext(command, around)
      printVolume(context, await context.api.getVolume(name))
    })
}

function addMaking(volumes: Command, around: Surroundings): void {
  withWait(volumes.command('create <name>'))
    .description('create a volume')
    .requiredOption('--size <size>', 'such as 10GiB; a multiple of 4 KiB', parseSize)
    .option(
      '--copies <number>',
      'how many copies, 1 to 3; else as many as the cell says',
      parseCopies,
    )
    .option('--label <key=value>', 'a label; repeatable', gatherLabels)
    .action(async (name: string, options: CreateOptions, command: Command) => {
      const context = createContext(command, around)
      const { size: sizeBytes, copies, label: labels } = options
      const made = await context.api.createVolume({
        name,
        sizeBytes,
        ...(copies && { copies }),
        ...(labels && { labels }),
      })
      printVolume(context, options.wait ? await settle(context, made, options.timeout) : made)
    })
  withWait(volumes.command('delete <volume>'))
    .description('delete a volume and its data')
    .option('-y, --yes', 'do not ask')
    .action(async (name: string, options: WaitChoice & { yes?: boolean }, command: Command) => {
      const context = createContext(command, around)
      const { api, result } = context
      const volume = await api.getVolume(name)
      const size = showBytes(volume.sizeBytes)
      const what = `Volume ${volume.name} (${size}) and its data are deleted.`
      await confirm(around, options.yes === true, what)
      const deleting = await api.deleteVolume(volume.id)
      if (options.wait) {
        const limits = { timeoutSeconds: options.timeout, around }
        const read = () => api.getVolume(volume.id)
        await waitUntilGone(`Volume ${volume.name}`, read, 'VOLUME_NOT_FOUND', limits)
      }
      const end = options.wait ? 'is deleted' : 'is being deleted'
      result(deleting, () => `Volume ${volume.name} ${end}.\n`)
    })
}

interface CreateOptions extends WaitChoice {
  readonly size: number
  readonly copies?: Copies
  readonly label?: Record<string, string>
}

interface GrowOptions extends WaitChoice {
  readonly size: number
}

function addChanging(volumes: Command, around: Surroundings): void {
  withWait(volumes.command('grow <volume>'))
    .description('make a volume larger; its host sees it without reconnecting')
    .requiredOption('--size <size>', 'its new size, such as 20GiB', parseSize)
    .action(async (name: string, options: GrowOptions, command: Command) => {
      const context = createContext(command, around)
      const { size: sizeBytes, wait, timeout: timeoutSeconds } = options
      const grown = await context.api.changeVolume(name, { sizeBytes })
      const read = () => context.api.getVolume(grown.id)
      const isShown = ({ reason }: VolumeBody) => reason === undefined
      const settled = wait
        ? await waitUntil(`Volume ${grown.name}`, read, isShown, { timeoutSeconds, around })
        : grown
      printVolume(context, settled)
    })
  volumes
    .command('rename <volume> <name>')
    .description('give a volume another name')
    .action(async (volume: string, name: string, _: object, command: Command) => {
      const context = createContext(command, around)
      printVolume(context, await context.api.changeVolume(volume, { name }))
    })
  volumes
    .command('label')
    .description('set and remove labels of a volume')
    .argument('<volume>')
    .argument('<changes...>', 'key=value sets a label, key- removes it', gatherLabelChanges)
    .action(async (volume: string, labels: LabelChanges, _: object, command: Command) => {
      const context = createContext(command, around)
      printVolume(context, await context.api.changeVolume(volume, { labels }))
    })
}

type LabelChanges = Record<string, string | null>

export function withWait(command: Command): Command {
  return command
    .option('--wait', 'wait until it is done')
    .option('--timeout <seconds>', 'how long to wait', parseSeconds, defaultTimeoutSeconds)
}

/** Waits until a new volume has its place. */
export function settle(context: Context, volume: VolumeBody, timeoutSeconds: number) {
  const read = () => context.api.getVolume(volume.id)
  const limits = { timeoutSeconds, around: context.around }
  return waitUntil(`Volume ${volume.name}`, read, ({ state }) => state !== 'creating', limits)
}

function printVolume({ result }: Context, volume: VolumeBody): void {
  result(volume, () =>
    showFields({
      Name: volume.name,
      Id: volume.id,
      Size: showBytes(volume.sizeBytes),
      Copies: String(volume.copies),
      State: volume.state,
      Reason: volume.reason,
      Node: volume.node,
      Attachment: volume.attachmentId,
      Labels: showLabels(volume.labels),
      UUID: volume.uuid,
      Subsystem: volume.subsystemNqn,
      Created: volume.createdAt,
    }),
  )
}

function showVolumes(volumes: readonly VolumeBody[]): string {
  if (volumes.length === 0) return 'There are no volumes.\n'
  const heading = ['NAME', 'SIZE', 'COPIES', 'STATE', 'NODE', 'ATTACHMENT', 'LABELS', 'REASON']
  const rows = volumes.map((volume) => [
    volume.name,
    showBytes(volume.sizeBytes),
    String(volume.copies),
    volume.state,
    volume.node ?? '',
    volume.attachmentId ?? '',
    showLabels(volume.labels),
    volume.reason ?? '',
  ])
  return showTable(heading, rows)
}
