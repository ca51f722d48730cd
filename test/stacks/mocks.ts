// The engine's SDK without an engine: what a program registers is written down, ids and computed values are made up.
import * as pulumi from '@pulumi/pulumi'

export type Registered = {
  readonly type: string
  readonly name: string
  readonly inputs: Readonly<Record<string, unknown>>
  /** The explicit provider; empty: the default one. */
  readonly provider: string
  readonly protect: boolean
  readonly retainOnDelete: boolean
  readonly ignoreChanges: readonly string[]
  readonly deleteBeforeReplace: boolean
}

/** What a reference to any other stack answers. */
export const below = {
  vpcId: 'vpc-0a1b',
  subnetId: 'subnet-0a1b',
  zone: 'us-east-1a',
  groupId: 'sg-0a1b',
  keyName: 'lifeboat-shop-new',
  volumeId: 'volume-0a1b',
}

const computed: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'aws:ec2/eip:Eip': { publicIp: '203.0.113.10' },
  'aws:ec2/instance:Instance': { privateIp: '10.20.0.4', availabilityZone: 'us-east-1a' },
  'pulumi:pulumi:StackReference': { outputs: below },
  'aws:ec2/vpc:Vpc': { ownerId: '123456789012' },
  'aws:ec2/subnet:Subnet': { availabilityZone: 'us-east-1a' },
  'vsphere:index/virtualMachine:VirtualMachine': { moid: 'vm-42', defaultIpAddress: '203.0.113.33' },
  'vsphere:index/getVirtualMachine:getVirtualMachine': {
    guestId: 'debian12_64Guest',
    firmware: 'efi',
    scsiType: 'pvscsi',
    disks: [{ size: 30, thinProvisioned: true, eagerlyScrub: false }],
    networkInterfaceTypes: ['vmxnet3'],
  },
  'hcloud:index/primaryIp:PrimaryIp': { ipAddress: '203.0.113.10' },
  'hcloud:index/server:Server': { networks: [{ ip: '10.20.0.2' }] },
  'digitalocean:index/droplet:Droplet': { ipv4Address: '203.0.113.10', ipv4AddressPrivate: '10.20.0.2' },
  'openstack:networking/floatingIp:FloatingIp': { address: '203.0.113.10' },
  'openstack:networking/port:Port': { allFixedIps: ['10.20.0.2'] },
}

/** Ids as each provider makes them: numbers at Hetzner. */
function idOf(type: string): string {
  const [kind] = type.split(':')
  const object = type.split(':').at(-1)?.toLowerCase() ?? ''
  return kind === 'hcloud' || object === 'droplet' ? String(1000 + object.length) : `${object}-0a1b`
}

const registered: Registered[] = []
const invoked: { readonly token: string; readonly inputs: Readonly<Record<string, unknown>> }[] = []
const optionsOf = new Map<string, Pick<Registered, 'protect' | 'retainOnDelete' | 'ignoreChanges' | 'deleteBeforeReplace'>>()

/** State of the SDK is global, so a test runs programs one after the other. */
async function useMocks(): Promise<void> {
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs, provider, id }) => {
        registered.push({ type, name, inputs, provider: provider ?? '', protect: false, retainOnDelete: false, ignoreChanges: [], deleteBeforeReplace: false })
        return { id: id || idOf(type), state: { ...inputs, ...computed[type] } }
      },
      call: ({ token, inputs }) => {
        invoked.push({ token, inputs })
        return { ...inputs, ...computed[token], id: token.startsWith('aws:') ? 'ami-0123456789abcdef0' : 'found-0a1b' }
      },
    },
    'shop',
    'test',
    false,
    'organization',
  )
}

export type Ran = { readonly outputs: Readonly<Record<string, unknown>>; readonly resources: readonly Registered[]; readonly calls: typeof invoked }

/** Runs a program to its end, as the program of a stack. Resources come ordered by type and name: they are registered in any order. */
export async function run(program: () => Promise<Readonly<Record<string, unknown>>>): Promise<Ran> {
  await useMocks()
  registered.length = 0
  invoked.length = 0
  optionsOf.clear()
  const outputs = await pulumi.runtime.runInPulumiStack(async () => {
    pulumi.runtime.registerStackTransformation(noteOptions)
    return program()
  })
  // What no output waits for may still be on its way.
  await pulumi.runtime.disconnect()
  const resources = registered
    .filter(({ type }) => type !== 'pulumi:pulumi:Stack')
    .map((one) => ({ ...one, ...optionsOf.get(`${one.type} ${one.name}`) }))
    .toSorted((a, b) => `${a.type} ${a.name}`.localeCompare(`${b.type} ${b.name}`))
  return { outputs: outputs ?? {}, resources, calls: [...invoked] }
}

/** Options never reach the mocks; a transformation sees them. */
function noteOptions({ type, name, opts }: pulumi.ResourceTransformationArgs): undefined {
  const { protect = false, retainOnDelete = false, ignoreChanges = [], deleteBeforeReplace = false }: pulumi.CustomResourceOptions = opts
  optionsOf.set(`${type} ${name}`, {
    protect: protect === true,
    retainOnDelete: retainOnDelete === true,
    ignoreChanges: Array.isArray(ignoreChanges) ? ignoreChanges.map(String) : [],
    deleteBeforeReplace: deleteBeforeReplace === true,
  })
}
