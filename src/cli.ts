#!/usr/bin/env node
// The command tree. Each verb is one file under commands/, loaded when it is called, so that --help stays fast. This is
// the one place that prints a failure and chooses the exit status.
import { Command, CommanderError, Option } from 'commander'
import type { GlobalOptions } from './commands/output.ts'
import { LifeboatError } from './core/errors.ts'
import { didYouMean } from './core/nearest.ts'
import { keepCompiled } from './io/compiled.ts'
import { version } from './version.ts'

keepCompiled()

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
  // A mistake on the command line is told below, as every other failure.
  .configureOutput({ outputError: () => undefined })
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
  .command('init')
  .description('a commented lifeboat.yaml; with --from: a draft of moves from what is there')
  .option('--from <provider>', 'look into the nodes of this provider and write moves for them')
  .action(verb(async () => (await import('./commands/init.ts')).init))
program
  .command('doctor')
  .description('everything that could stop a move, tonight, each with what to do; exit 4 when something would')
  .action(verb(async () => (await import('./commands/doctor.ts')).doctor))
program
  .command('provider [name]')
  .description('what is known of a provider: whether it answers, how fast, whom to ask, what it cannot tell')
  .action(verb(async () => (await import('./commands/provider.ts')).provider))
program
  .command('inventory [provider]')
  .description('what a provider has')
  .option('--inside', 'read each node over ssh, too: services, data, databases, whom it talks to')
  .action(verb(async () => (await import('./commands/inventory.ts')).inventory))
program
  .command('plan [moves...]')
  .description('what would move where, at what cost')
  .addOption(new Option('--diff', 'say what is new since the last plan').conflicts('compare'))
  .option('--compare', 'price it at every target, also at those that are not configured')
  .action(verb(async () => (await import('./commands/plan.ts')).plan))
program
  .command('migrate [moves...]')
  .description('move nodes; attaches to moves that run')
  .option('--plan <fingerprint>', 'refuse when the plan has changed since it was shown')
  .option('--at <time>', 'switch no earlier: 22:00, "2026-12-01 22:00" or 2026-12-01T22:00Z')
  .option('--rehearse', 'try the services and checks on a view of the copy, apart from everybody; the move then waits for approval')
  .option('--database-is-newest', 'nodes have seen more than this database knows, and no newer copy of it is left: go on with what they say')
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
  ['failover', 'give the source up: fence it, and let the target serve'],
  ['reprotect', 'after a failover: keep aside what only the source has, and make it the standby of the target'],
] as const) {
  const command = program.command(`${name} <move>`).description(text)
  if (name === 'approve') command.option('--digest <fingerprint>', 'approve only this plan')
  if (name === 'rollback') {
    command.option('--target-is-off', 'the source is sealed or fenced and the target silent: you know that it is off, or cut off from everybody')
    command.option('--source-is-off', 'the same on the way back, when the target is the sealed one')
  }
  if (name === 'failover') command.option('--source-is-off', 'no provider can fence the source: you know that it is off, or cut off from everybody')
  command.action(verb(async () => (await import('./commands/tell.ts')).tell(name)))
}
const standby = program.command('standby').description('what stands by for a failover')
for (const [want, text] of [
  ['up', 'make it, keep it in step, and as large as it would serve; without a move: all that have `standby:`'],
  ['park', 'make its node as small as `standby.size`, in step as before: one restart'],
  ['down', 'remove its node; its data volume stays'],
] as const)
  standby
    .command(`${want} [move]`)
    .description(text)
    .action(verb(async () => (await import('./commands/standby.ts')).changeStandby(want)))
standby
  .command('status [move]')
  .description('how far each is behind, when it was drilled, and whether it is failed over to by itself')
  .action(verb(async () => (await import('./commands/standby.ts')).standbyStatus))
standby
  .command('drift [move]')
  .description('what of it is not as it was declared, in the cloud or in the code; exit 4 when something is')
  .action(verb(async () => (await import('./commands/drift.ts')).standbyDrift))
program
  .command('drill [move]')
  .description('try a standby, apart from everybody; without a move: all that have one; exit 4 when it does not pass')
  .option(
    '--level <level>',
    'D0: everything answers and allows it; D1: and the services start on a view of the copy (default); D2: and drill.<name> leads there; D3: clients go there and back',
  )
  .action(verb(async () => (await import('./commands/drill.ts')).drill))
program
  .command('watch')
  .description('look at the nodes of all moves until interrupted, as an observer; what it sees is kept as evidence')
  .option('--observer <name>', 'which of watch.observers this is; default: the first without url')
  .option('--listen <host:port>', 'let a Lifeboat elsewhere follow it (watch.observers: url), for bearers of server.tokens')
  .action(verb(async () => (await import('./commands/watch.ts')).watch))
program
  .command('report [move-or-incident]')
  .description('evidence of what happened')
  .option('--public', 'of an incident: for your own customers')
  .option('--samples <file>', 'what clients measured, one JSON object a line')
  .option('--lost <number>', 'acknowledged writes that were found missing')
  .option('--verify', 'write none; say whether the journal is what was written, and as the last report has it')
  .option('--against <file>', 'with --verify: a report in JSON that was kept elsewhere')
  .action(verb(async () => (await import('./commands/report.ts')).report))
const policy = program.command('policy').description('failover by policy: whether it would act now, and its switch')
policy
  .command('explain [move]')
  .description('why it would or would not fail over now')
  .action(verb(async () => (await import('./commands/policy.ts')).explain))
for (const [name, off, text] of [
  ['disable', true, 'the big red switch: nothing fails over by itself or by approval any more'],
  ['enable', false, 'release the switch'],
] as const)
  policy
    .command(name)
    .description(text)
    .option('--reason <text>', 'kept beside it')
    .action(verb(async () => (await import('./commands/policy.ts')).turn(off)))
program
  .command('worker')
  .description('run moves of the shared `database:`, in the foreground; any number of these, on any machines')
  .action(verb(async () => (await import('./commands/worker.ts')).worker))
program
  .command('serve')
  .description('the controller for others: API, webhooks and metrics at `server.listen`, for bearers of `server.tokens`, in the foreground')
  .action(verb(async () => (await import('./commands/serve.ts')).serve))
const database = program.command('database').description('where moves are kept')
database
  .command('move <url>')
  .description('carry everything from the embedded database into this PostgreSQL; env:NAME, file:PATH or a URL without a password')
  .action(verb(async () => (await import('./commands/database.ts')).moveDatabase))
program
  .command('schema')
  .description('JSON Schema of lifeboat.yaml')
  .action(verb(async () => (await import('./commands/schema.ts')).schema))
program.allowExcessArguments().action(async (options: GlobalOptions, { args: [word] }: Command) => {
  if (word !== undefined) throw new LifeboatError('usage', `There is no command ${word}${didYouMean(word, commandNames())}`)
  process.exitCode = await (await import('./commands/menu.ts')).menu(options)
})

function commandNames(): string[] {
  return program.commands.map((command) => command.name())
}

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError && error.exitCode === 0) process.exitCode = 0
  else process.exitCode = (await import('./commands/failure.ts')).tellFailure(given(), error instanceof CommanderError ? misuse(error) : error)
}

/** Writes to a closed pipe (`| head`) are nobody's failure. */
process.stdout.on('error', () => process.exit(0))

/** The options as far as they were read; a mistake may stand before --json. */
function given(): GlobalOptions {
  return { ...program.opts<GlobalOptions>(), ...(process.argv.includes('--json') ? { json: true } : {}) }
}

/** Commander's words as one sentence of ours. */
function misuse({ message }: CommanderError): LifeboatError {
  const [first = '', ...others] = message.replace(/^error: /, '').split('\n')
  const sentence = [first, ...others]
    .join(' ')
    .replace(/\.?$/, '.')
    .replace(/\?\)\.$/, '?)')
  return new LifeboatError('usage', `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}`)
}
