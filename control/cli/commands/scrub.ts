/** `ashlar scrub …` */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import type { ScrubBody } from '../../http/schemas/scrub.ts'
import type { ScrubFilter } from '../api/api.ts'
import { type Context, createContext } from '../context.ts'
import { CliFailure } from '../failure.ts'
import { parseRate } from '../parse.ts'
import { showBytes, showTable } from '../show.ts'
import type { Surroundings } from '../surroundings.ts'

interface StartOptions extends ScrubFilter {
  readonly rate?: number
  readonly wait: boolean
}

const pollMs = 300
/** A line is printed each time a pass has come so much further. */
const stepPercent = 10

export function addScrubCommand(program: Command, around: Surroundings): void {
  const node = ['--node <node>', 'only the devices of this node'] as const
  const scrub = program
    .command('scrub')
    .description('read every live block, to find damage while it can be mended')
    .option(...node)
    .option('--rate <size>', 'bytes a second for each device, such as 64MiB; 0: all', parseRate)
    .option('--no-wait', 'only begin it; without this, watch it to its end')
    .action(async (_: object, command: Command) => {
      const context = createContext(command, around)
      await startScrub(context, command.opts<StartOptions>())
    })
  // The command above takes the option wherever it stands.
  scrub
    .command('status')
    .description('show how far the scrub of each device is')
    .option(...node)
    .action(async (_: object, command: Command) => {
      const { api, result } = createContext(command, around)
      const found = await api.listScrubs(filterOf(command))
      result(found, () => showScrubs(found))
    })
  scrub
    .command('stop')
    .description('end the scrubs that run; those on schedule come again')
    .option(...node)
    .action(async (_: object, command: Command) => {
      const { api, result } = createContext(command, around)
      const found = await api.stopScrubs(filterOf(command))
      result(found, () => 'What runs is being stopped.\n')
    })
}

function filterOf(command: Command): ScrubFilter {
  const { node } = command.optsWithGlobals<ScrubFilter>()
  return node === undefined ? {} : { node }
}

async function startScrub(context: Context, { node, rate, wait }: StartOptions): Promise<void> {
  const filter = node === undefined ? {} : { node }
  const begun = await context.api.startScrubs({
    ...filter,
    ...(rate !== undefined && { bytesPerSecond: rate }),
  })
  if (!wait) return context.result(begun, () => 'The scrub begins: ashlar scrub status.\n')
  const ended = await watch(context, filter)
  const complaint = complaintOf(ended)
  if (complaint === undefined) return context.result(ended, () => showScrubs(ended))
  if (!context.json) context.around.print(showScrubs(ended))
  throw new CliFailure('failed', complaint, { items: ended })
}

/** Asks until no pass is expected any more; what has changed is noted, a line for each device. */
async function watch({ api, around }: Context, filter: ScrubFilter): Promise<readonly ScrubBody[]> {
  const said = new Map<string, string>()
  for (;;) {
    const scrubs = await api.listScrubs(filter)
    for (const scrub of scrubs) {
      const key = `${scrub.node} ${scrub.device}`
      const line = describe(scrub)
      if (said.get(key) !== line) around.note(`${line}\n`)
      said.set(key, line)
    }
    const open = scrubs.filter(({ state }) => isOpen(state))
    if (open.length === 0) return scrubs
    const stuck = open.every(({ reason }) => reason !== undefined)
    if (stuck) {
      const { node, device, reason } = open[0] as ScrubBody
      const what = `The scrub of ${device} on node ${node} is not over: ${reason}`
      throw new CliFailure('timedOut', `${what} It goes on when the node is well.`)
    }
    await sleep(pollMs)
  }
}

const isOpen = (state: ScrubBody['state']) =>
  state === 'waiting' || state === 'running' || state === 'unknown'

function describe({ node, device, state, percent, damagedBlocks, reason }: ScrubBody): string {
  const step = percent - (percent % stepPercent)
  const how = state === 'running' ? `running, ${step} %` : state
  const damage = damagedBlocks === 0 ? '' : `, ${damagedBlocks} blocks damaged`
  return `${node} ${device}: ${how}${damage}${reason === undefined ? '' : ` (${reason})`}`
}

function complaintOf(scrubs: readonly ScrubBody[]): string | undefined {
  const damaged = scrubs.filter(({ damagedBlocks }) => damagedBlocks > 0)
  const blocks = damaged.reduce((sum, { damagedBlocks }) => sum + damagedBlocks, 0)
  if (blocks > 0) {
    const where = damaged.map(({ node, device }) => `${device} on node ${node}`).join(', ')
    return `Damaged blocks: ${blocks}, on ${where}. Control's log names each with its volume.`
  }
  const cut = scrubs.find(({ state }) => state !== 'finished')
  return (
    cut && `The scrub of ${cut.device} on node ${cut.node} has not read everything: ${cut.state}.`
  )
}

function showScrubs(scrubs: readonly ScrubBody[]): string {
  if (scrubs.length === 0) return 'There are no devices: no gateway has registered.\n'
  const heading = ['NODE', 'DEVICE', 'STATE', 'READ', 'OF', 'RATE', 'DAMAGED', 'FINISHED', 'REASON']
  const rows = scrubs.map((scrub) => [
    scrub.node,
    scrub.device,
    scrub.state === 'running' ? `running ${scrub.percent} %` : scrub.state,
    showBytes(scrub.readBytes),
    showBytes(scrub.totalBytes),
    scrub.bytesPerSecond === 0 ? '' : `${showBytes(scrub.bytesPerSecond)}/s`,
    String(scrub.damagedBlocks),
    scrub.finishedAt ?? 'never',
    scrub.reason ?? '',
  ])
  return showTable(heading, rows)
}
