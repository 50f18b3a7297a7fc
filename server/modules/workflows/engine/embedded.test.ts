import { openEngine } from './embedded.ts'
import { engineContract } from './engine.contract.ts'

engineContract('embedded', openEngine)
