// Reads the inventory as the controller does, and prints how many machines came in how many seconds.
import { Secret } from '../../src/core/secret.ts'
import { vsphere } from '../../src/providers/vsphere/index.ts'

const { VC_URL: url, VC_USER: user, VC_PASSWORD: password = '', VC_FINGERPRINT: fingerprint } = process.env
const config = vsphere.schema.parse({ kind: 'vsphere', url, user, password: new Secret(password), tls: { fingerprint } })
const source = await vsphere.source?.('old', config)
const began = performance.now()
const answer = await source?.nodes(AbortSignal.timeout(600_000))
const seconds = (performance.now() - began) / 1000
await source?.close()
process.stdout.write(JSON.stringify({ machines: answer?.nodes.length, seconds }))
