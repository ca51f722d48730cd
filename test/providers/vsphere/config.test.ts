// What may stand under a provider of kind vsphere.
import { Secret } from '../../../src/core/secret.ts'
import { vsphere } from '../../../src/providers/vsphere/index.ts'
import { apiConfigConformance } from '../../conformance/api-config.ts'

const good = { kind: 'vsphere', url: 'https://vcenter.example/sdk', user: 'ops', password: new Secret('x') }

apiConfigConformance(vsphere.schema, good)
