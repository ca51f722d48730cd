// The plan of a thousand moves: the deciding alone, and as a person waits for it.
import { planMoves } from '../src/core/plan-moves.ts'
import { listedCatalog } from '../src/providers/aws/catalog.ts'
import { inventory, move, node, request } from '../test/core/planning.ts'
import { below, type Benchmark, type Stage } from './benchmark.ts'
import { openDesk } from './desk.ts'

const wanted = 1000

const addressOf = (n: number): string => `198.18.${n >> 8}.${n & 255}`

/** A page with so many nodes of different sizes, each moving to EC2. */
function pageOf(moves: number): string {
  const numbers = Array.from({ length: moves }, (_, index) => index)
  const nodes = numbers.map((n) => `{ name: web-${n}, address: ${addressOf(n)}, cpus: ${1 + (n % 8)}, memoryMiB: ${2048 * (1 + (n % 16))} }`)
  const each = numbers.map(
    (n) =>
      `  web-${n}: { from: { provider: old, name: web-${n} }, to: { provider: new, size: auto, image: debian-12 }, data: [ { kind: files, path: /srv/shop } ] }`,
  )
  const providers = `providers:\n  old: { kind: static, nodes: [ ${nodes.join(', ')} ] }\n  new: { kind: aws, region: us-east-1 }\n`
  return `project: bench\n${providers}moves:\n${each.join('\n')}\n`
}

async function prepareCommand(signal: AbortSignal): Promise<Stage> {
  const desk = openDesk(pageOf(wanted), {})
  const plan = async (until: AbortSignal): Promise<number> => {
    const { seconds, stdout } = await desk.lifeboat(['plan', '--json', '--quiet'], until)
    const planned = stdout.split('"forecastPauseMs":').length - 1
    if (planned !== wanted) throw new Error(`the plan has ${planned} moves instead of ${wanted}`)
    return seconds
  }
  // The first command starts the controller.
  await plan(signal)
  return { contestants: { ours: plan }, close: desk.close }
}

function prepareDeciding(): Stage {
  const numbers = Array.from({ length: wanted }, (_, index) => index)
  const nodes = numbers.map((n) => node({ id: `vm-${n}`, name: `web-${n}`, cpus: 1 + (n % 8), memoryMiB: 2048 * (1 + (n % 16)), addresses: [addressOf(n)] }))
  const moves = nodes.map(({ id, name }) => move({ name, from: { provider: 'old', id, name: null } }))
  const asked = request({ moves, inventories: { old: inventory(nodes) }, catalogs: { new: listedCatalog() } })
  const decide = async (): Promise<number> => {
    const began = performance.now()
    const plan = planMoves(asked)
    const seconds = (performance.now() - began) / 1000
    if (plan.moves.length !== wanted) throw new Error(`the plan has ${plan.moves.length} moves instead of ${wanted}`)
    return await Promise.resolve(seconds)
  }
  return { contestants: { ours: decide }, close: async () => {} }
}

export const plan1000: Benchmark = {
  name: 'plan-1000',
  says: 'How long the plan of a thousand moves takes.',
  cases: [
    {
      name: 'decide',
      unit: 's',
      rounds: 5,
      quick: true,
      goals: [below(1)],
      notes: 'From the inventory in memory to the plan: sizes among those of EC2, prices, warnings, waves, fingerprint.',
      prepare: async () => await Promise.resolve(prepareDeciding()),
    },
    {
      name: 'command',
      unit: 's',
      rounds: 5,
      quick: false,
      goals: [below(3)],
      notes:
        'The whole command `lifeboat plan --json`, from its start to its end, with a controller that runs: also reading 1,000 moves from lifeboat.yaml on both sides, the inventory (a list in the file), storing the plan, and 2 MB of JSON.',
      prepare: prepareCommand,
    },
  ],
}
