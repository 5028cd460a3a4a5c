/** The `ashlar` command line: reads the arguments, runs one command, answers with an exit code. */
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { addAttachCommand } from './commands/attach.ts'
import { addAttachmentCommands } from './commands/attachments.ts'
import { addDetachCommand } from './commands/detach.ts'
import { addDeviceCommands } from './commands/devices.ts'
import { addNodeCommands } from './commands/nodes.ts'
import { addScrubCommand } from './commands/scrub.ts'
import { addStatusCommand } from './commands/status.ts'
import { addVolumeCommands } from './commands/volumes.ts'
import { defaultApiUrl } from './context.ts'
import { CliFailure, exitCodes } from './failure.ts'
import { realSurroundings, type Surroundings } from './surroundings.ts'

export async function main(
  args: readonly string[],
  around: Surroundings = realSurroundings(),
): Promise<number> {
  try {
    await createProgram(around).parseAsync(args, { from: 'user' })
    return exitCodes.ok
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage
    if (!(error instanceof CliFailure)) throw error
    around.note(`ashlar: ${error.message}\n`)
    if (args.includes('--json')) around.print(`${JSON.stringify(describe(error), null, 2)}\n`)
    return exitCodes[error.kind]
  }
}

const describe = ({ kind, message, details }: CliFailure) => ({
  error: { kind, message, ...details },
})

function createProgram(around: Surroundings): Command {
  const program = new Command('ashlar')
    .description('Volumes, and the hosts that attach them.')
    .version(version())
    .option('--api <url>', `where control answers (or ASHLAR_API; else ${defaultApiUrl})`)
    .option('--json', 'print JSON, for scripts')
    .showHelpAfterError('(add --help for what there is)')
    .addHelpText('after', describeExitCodes())
    .exitOverride()
    .configureOutput({ writeOut: around.print, writeErr: around.note })
  addStatusCommand(program, around)
  addVolumeCommands(program, around)
  addAttachmentCommands(program, around)
  addNodeCommands(program, around)
  addDeviceCommands(program, around)
  addScrubCommand(program, around)
  addAttachCommand(program, around)
  addDetachCommand(program, around)
  return program
}

function version(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}

function describeExitCodes(): string {
  const { failed, usage, unreachable, timedOut } = exitCodes
  return [
    '',
    'Exit codes:',
    `  ${failed}  the API or the host refused or failed`,
    `  ${usage}  the command line is wrong`,
    `  ${unreachable}  no API answers`,
    `  ${timedOut}  what was waited for did not come in time`,
  ].join('\n')
}
