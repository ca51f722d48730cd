// Bad weather between Lifeboat and a vCloud Express service.
import { badInputConformance } from '../../conformance/bad-input.ts'
import { weather } from './lab.ts'

badInputConformance('terremark', weather)
