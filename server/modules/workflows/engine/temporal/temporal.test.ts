import { standIn } from '../../../../testing/temporal-stand-in.ts'
import { engineContract } from '../engine.contract.ts'
import { openTemporal } from './temporal.ts'

engineContract('Temporal, on the stand-in', (o) => openTemporal(o, { connect: standIn().connect }))
