// A node with MariaDB: the switch there and back under a writer, and what becomes of it when nobody leads a switch to its end.
import { enterLab } from '../../lab/enter.ts'

await enterLab()
const { databaseJourney } = await import('../support/database-journey.ts')
const { mariadbJourney } = await import('../support/database-kinds.ts')

databaseJourney('MariaDB', mariadbJourney)
