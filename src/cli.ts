#!/usr/bin/env node
// The command tree. Each verb is one file under commands/, loaded when it is called, so that --help stays fast. This is
// the one place that prints a failure and chooses the exit status.
import { Command, CommanderError, Option } from 'commander'
import type { GlobalOptions } from './commands/session.ts'
import { version } from './version.ts'

const program = new Command('lifeboat')
  .description('Leave an unreliable provider: inventory, plan, migrate, go back.')
  .version(version)
  .option('--json', 'answer as JSON lines on stdout')
  .option('--yes', 'answer every question with yes')
  .option('--quiet', 'no progress on stderr')
  .option('--verbose', 'show causes and stacks')
  .option('--config <file>', 'lifeboat.yaml to use')
  .option('--state <folder>', 'state folder to use')
  .option('--pulumi-root <folder>', 'where the pulumi program is (…/bin/pulumi)')
  .addOption(new Option('--no-color', 'no colours'))
  .exitOverride()
  .configureHelp({ showGlobalOptions: true })

type Main = (options: GlobalOptions, ...args: never[]) => Promise<number>

/** Runs a verb and leaves its exit status; arguments come in commander's order, the verb's own options last but one. */
function verb(load: () => Promise<Main>) {
  return async (...all: unknown[]): Promise<void> => {
    const command = all.at(-1) as Command
    const main = await load()
    process.exitCode = await main(command.optsWithGlobals(), ...(all.slice(0, -2) as never[]))
  }
}

program
  .command('inventory [provider]')
  .description('what a provider has')
  .action(verb(async () => (await import('./commands/inventory.ts')).inventory))
program
  .command('plan [moves...]')
  .description('what would move where, at what cost')
  .action(verb(async () => (await import('./commands/plan.ts')).plan))
program
  .command('migrate [moves...]')
  .description('move nodes; attaches to moves that run')
  .option('--plan <fingerprint>', 'refuse when the plan has changed since it was shown')
  .option('--detach', 'return at once')
  .action(verb(async () => (await import('./commands/migrate.ts')).migrate))
program
  .command('status [move]')
  .description('where each move stands')
  .option('--follow', 'show what happens until interrupted')
  .action(verb(async () => (await import('./commands/status.ts')).status))
for (const [name, text] of [
  ['approve', 'let a waiting move cut over'],
  ['pause', 'keep syncing, do not cut over'],
  ['rollback', 'go back'],
  ['finish', 'the point of no return: power the source off'],
] as const) {
  const command = program.command(`${name} <move>`).description(text)
  if (name === 'approve') command.option('--digest <fingerprint>', 'approve only this plan')
  command.action(verb(async () => (await import('./commands/tell.ts')).tell(name)))
}
program
  .command('report [move]')
  .description('evidence of what happened')
  .option('--samples <file>', 'what clients measured, one JSON object a line')
  .option('--lost <number>', 'acknowledged writes that were found missing')
  .action(verb(async () => (await import('./commands/report.ts')).report))
program
  .command('schema')
  .description('JSON Schema of lifeboat.yaml')
  .action(verb(async () => (await import('./commands/schema.ts')).schema))
program.action(verb(async () => (await import('./commands/menu.ts')).menu))

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2
  else process.exitCode = (await import('./commands/failure.ts')).tellFailure(program.opts<GlobalOptions>(), error)
}

/** Writes to a closed pipe (`| head`) are nobody's failure. */
process.stdout.on('error', () => process.exit(0))
