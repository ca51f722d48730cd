// The AWS of the lab (moto with the rules that it lacks, lab/moto) for one test.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../.lab/bin/moto_server', import.meta.url))

/** For `skip:` of node:test. */
export const missingMoto: string | false = existsSync(program) ? false : 'bash lab/setup makes moto_server'

export type Moto = {
  readonly url: string
  /** Answers of the lab's door (lab/moto/server.py). */
  readonly get: (path: string) => Promise<unknown>
  readonly post: (path: string, body: unknown) => Promise<void>
  readonly stop: () => Promise<void>
}

/** Starts one on a free loopback port. */
export async function startMoto(): Promise<Moto> {
  const server = spawn(program, ['-H', '127.0.0.1', '-p', '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(server.stdout, 'data')
  const url = String(line).trim()
  return {
    url,
    get: async (path) => await (await fetch(url + path)).json(),
    post: async (path, body) => {
      const answer = await fetch(url + path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    },
    stop: async () => {
      const gone = once(server, 'exit')
      server.kill('SIGKILL')
      await gone
    },
  }
}
