/** Server programs that tests start, as children of their own, and stop: `sojourn-test-programs`. */
export { acceptsConnections, freePorts } from './ports.ts'
export { type Place, type Program, type RunningServer, startServer } from './server-process.ts'
