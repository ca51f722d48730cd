// Drift of fifty standbys that stand as they were declared, with the whole command line.
import path from 'node:path'
import { driftSchema } from '../src/core/drift.ts'
import { planSchema } from '../src/core/plan.ts'
import { canaries, labEnvironment, labImage, startAws, targetAt } from '../test/provision/world.ts'
import { atMost, type Benchmark, type Stage } from './benchmark.ts'
import { openDesk } from './desk.ts'
import { standUp } from './standing-50.ts'

const names = Array.from({ length: 50 }, (_, number) => `web-${number + 1}`)

function configOf(url: string): string {
  const nodes = names.map((name, number) => `{ name: ${name}, address: 192.0.2.${number + 1} }`).join(', ')
  const to = `{ provider: new, size: t3.small, image: ${labImage}, disk: 8 }`
  const moves = names.map((name) => `  ${name}: { from: { provider: old }, to: ${to}, data: [ { kind: files, path: /srv/shop } ] }\n`)
  return `project: shop
pulumi: { passphrase: env:PASSPHRASE }
providers:
  old: { kind: static, nodes: [ ${nodes} ] }
  new: { kind: aws, region: us-east-1, endpoint: "${url}", accessKey: env:KEY, secretKey: env:SECRET }
moves:
${moves.join('')}`
}

async function prepare(signal: AbortSignal): Promise<Stage> {
  const aws = await startAws()
  const secrets = { PASSPHRASE: canaries.passphrase, KEY: canaries.accessKey, SECRET: canaries.secretKey }
  const desk = openDesk(configOf(aws.url), { ...labEnvironment, ...secrets })
  const close = async (): Promise<void> => {
    await desk.close()
    await aws.stop()
  }
  try {
    const plan = planSchema.parse(JSON.parse((await desk.lifeboat(['plan', '--json'], signal)).stdout))
    await standUp(path.join(desk.folder, '.lifeboat'), targetAt(aws.url), plan, signal)
  } catch (error) {
    await close()
    throw error
  }
  return {
    contestants: {
      ours: async (until) => {
        const { stdout, seconds } = await desk.lifeboat(['standby', 'drift', '--json', '--quiet'], until)
        const standing = driftSchema.parse(JSON.parse(stdout)).stacks.filter(({ exists }) => exists).length
        if (standing !== 2 * names.length + 1) throw new Error(`${standing} stacks were looked at`)
        return seconds
      },
    },
    close,
  }
}

export const drift50: Benchmark = {
  name: 'drift-50',
  says: 'How long it takes to say that fifty standbys stand as they were declared, in the cloud and in the code.',
  cases: [
    {
      name: 'none',
      unit: 's',
      rounds: 3,
      quick: false,
      goals: [atMost(15)],
      notes:
        'The whole command `lifeboat standby drift --json` with a controller that runs already: 101 stacks (network, 50 volumes, 50 nodes) on the real engine and the real AWS plugin. AWS is simulated in one process of this machine, which answers in its own time and takes a share of the cores.',
      prepare,
    },
  ],
}
