// The AWS of the world: moto with the rules that it lacks (lab/moto/server.py).
import { z } from 'zod'
import { waitUntil } from '../src/io/wait.ts'
import { answers } from './answers.ts'
import { startDaemon } from './command.ts'
import { buildNetwork, cloudAddress } from './network.ts'
import { program } from './place.ts'

const port = 5000

const instanceSchema = z.object({
  id: z.string(),
  region: z.string(),
  state: z.enum(['pending', 'running', 'shutting-down', 'terminated', 'stopping', 'stopped']),
  keyName: z.string().nullish(),
  privateAddress: z.string().nullable(),
  publicAddress: z.string().nullable(),
  elasticAddress: z.string().nullable(),
  /** Base64. */
  userData: z.string(),
  groups: z.array(z.object({ id: z.string(), name: z.string() })),
  volumes: z.array(z.object({ id: z.string(), device: z.string(), sizeGiB: z.number(), root: z.boolean() })),
  tags: z.record(z.string(), z.string()),
})

export type Instance = Readonly<z.infer<typeof instanceSchema>>

export type Cloud = {
  readonly endpoint: string
  readonly region: string
  readonly accessKey: string
  readonly secretKey: string
  readonly instances: () => Promise<readonly Instance[]>
  /** The next calls are refused with this code, for instance InstanceLimitExceeded; count 0: no more. */
  readonly refuse: (order: { readonly code: string; readonly count: number; readonly action?: string }) => Promise<void>
  readonly stop: () => Promise<void>
}

/** Starts it and waits for its first answer. */
export async function startCloud(): Promise<Cloud> {
  await buildNetwork()
  const endpoint = `http://${cloudAddress}:${port}`
  const daemon = startDaemon('moto', program('moto_server'), ['-H', cloudAddress, '-p', String(port)])
  await waitUntil(
    async () => {
      if (!daemon.running()) throw new Error(`moto ended; see ${daemon.log}`)
      return (await answers(cloudAddress, port)) ? true : null
    },
    { what: `The start of moto (log: ${daemon.log})`, deadlineMs: 60_000, everyMs: 50, signal: new AbortController().signal },
  )
  return {
    endpoint,
    region: 'us-east-1',
    accessKey: 'AKIALABLABLABLABLAB0',
    secretKey: 'lab only, opens nothing',
    instances: async () => z.object({ instances: z.array(instanceSchema) }).parse(await ask(endpoint, 'GET', '/lab/instances')).instances,
    refuse: async (order) => void (order.count === 0 ? await ask(endpoint, 'DELETE', '/lab/refuse') : await ask(endpoint, 'POST', '/lab/refuse', order)),
    stop: daemon.stop,
  }
}

async function ask(endpoint: string, method: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await fetch(endpoint + path, {
    method,
    signal: AbortSignal.timeout(10_000),
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
  })
  if (!answer.ok) throw new Error(`moto refused ${method} ${path}: ${answer.status} ${await answer.text()}`)
  return await answer.json()
}
