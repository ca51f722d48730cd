// Bad weather between Lifeboat and a vCenter.
import { describe } from 'node:test'
import { badInputConformance } from '../../conformance/bad-input.ts'
import { withoutVcsim } from '../../support/vcsim.ts'
import { weather } from './lab.ts'

describe('bad input', { skip: withoutVcsim }, () => badInputConformance('vsphere', weather))
