// How the demo speaks: what it does in words, and each command as a person would type it, with its own live output.
import { spawn } from 'node:child_process'
import path from 'node:path'
import { repository } from './place.ts'

/** A sentence of the story, on stderr. */
export function tell(text: string): void {
  process.stderr.write(`\n${text}\n`)
}

/** Runs the CLI in a folder; its answer and its conversation both go to stderr, so that stdout stays for --json. */
export async function runVisibly(folder: string, args: readonly string[]): Promise<number> {
  tell(`$ lifeboat ${args.join(' ')}`)
  const child = spawn(process.execPath, [path.join(repository, 'src/cli.ts'), ...args], { cwd: folder, stdio: ['ignore', 2, 2] })
  return await new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 255)))
}
