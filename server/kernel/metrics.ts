// Prometheus metrics (S0.15), one registry per process, made when the server is put together.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

export type Metrics = ReturnType<typeof createMetrics>
export function createMetrics() {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  return {
    registry,
    answers: new Histogram({ name: 'groundwork_http_seconds', help: 'Time to answer by operation and status', labelNames: ['operation', 'status'], buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10], registers }),
    handled: new Counter({ name: 'groundwork_reader_failures_total', help: 'Events a reader failed on', labelNames: ['reader'], registers }),
    lag: new Gauge({ name: 'groundwork_reader_lag_events', help: 'Committed events a reader has not passed', labelNames: ['reader'], registers }),
    parked: new Gauge({ name: 'groundwork_reader_parked_events', help: 'Events a reader gave up on', labelNames: ['reader'], registers }),
    heldSeconds: new Gauge({ name: 'groundwork_log_held_back_seconds', help: 'Age of the oldest writing transaction of the database server', registers }),
    streams: new Gauge({ name: 'groundwork_live_streams', help: 'Open sockets and event streams', registers }),
    jobs: new Gauge({ name: 'groundwork_jobs', help: 'Jobs by status', labelNames: ['status'], registers }),
    errors: new Counter({ name: 'groundwork_errors_total', help: 'Defects met: answers of 500, jobs that failed for good, parked events', labelNames: ['where'], registers }),
  }
}
