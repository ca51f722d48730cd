// Bad weather between Lifeboat and a vCloud Director.
import { badInputConformance } from '../../conformance/bad-input.ts'
import { weather } from './lab.ts'

badInputConformance('vcloud', weather)
