/** `ashlar status`: one screen that says whether data is safe. */
import type { Command } from 'commander'
import type { StatusBody } from '../../http/schemas/status.ts'
import type { TaskBody } from '../../http/schemas/task.ts'
import { createContext } from '../context.ts'
import { CliFailure } from '../failure.ts'
import { showBytes, showFields, showTable } from '../show.ts'
import type { Surroundings } from '../surroundings.ts'

const blockBytes = 4096

export function addStatusCommand(program: Command, around: Surroundings): void {
  program
    .command('status')
    .description('say whether data is safe, what is degraded and how long repair takes')
    .addHelpText('after', '\nIts exit code is 0 when the cell is healthy, and 1 when it is not.')
    .action(async (_: object, command: Command) => {
      const { api, around: out, json } = createContext(command, around)
      const status = await api.getStatus()
      const isHealthy = status.health === 'healthy'
      if (json && !isHealthy) throw new CliFailure('failed', status.summary, { status })
      out.print(json ? `${JSON.stringify(status, null, 2)}\n` : showStatus(status))
      if (!isHealthy) throw new CliFailure('failed', status.summary)
    })
}

function showStatus(status: StatusBody): string {
  const { problems, drainingNodes, capacityBytes, usedBytes, estimatedEndAt } = status
  const fields = showFields({
    Cell: `${status.cell} (${status.cellId})`,
    Health: `${status.health}: ${status.summary}`,
    Nodes: showCounts(status.nodes),
    Draining: drainingNodes.join(' '),
    Groups: showCounts(status.placementGroups),
    Volumes: showCounts(status.volumes),
    Attachments: showCounts(status.attachments),
    Used: `${showBytes(usedBytes)} of ${showBytes(capacityBytes)}`,
    'Whole again': estimatedEndAt,
  })
  const list = problems.slice(0, problemsShown).map((problem) => `  ${problem}\n`)
  const more = problems.length - list.length
  if (more > 0) list.push(`  and ${more} more\n`)
  const told = list.length === 0 ? '' : `\nProblems:\n${list.join('')}`
  return `${fields}${told}${showTasks(status.tasks)}`
}

/** One screen: the API has all of them. */
const problemsShown = 12

function showCounts(counts: Readonly<Record<string, number>>): string {
  const found = Object.entries(counts).filter(([, count]) => count > 0)
  return found.length === 0 ? 'none' : found.map(([kind, count]) => `${count} ${kind}`).join(', ')
}

function showTasks(tasks: readonly TaskBody[]): string {
  if (tasks.length === 0) return ''
  const heading = ['TASK', 'STATE', 'GROUPS LEFT', 'LEFT', 'RATE', 'ENDS', 'WAITS FOR']
  const rows = tasks.map((task) => [
    task.id,
    task.state,
    String(task.groupsLeft),
    showBytes(task.blocksLeft * blockBytes),
    task.bytesPerSecond === 0 ? '' : `${showBytes(task.bytesPerSecond)}/s`,
    task.estimatedEndAt ?? '',
    task.waitsFor ?? '',
  ])
  return `\n${showTable(heading, rows)}`
}
