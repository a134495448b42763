/** Applications that end with their case. */
import { type Application, type ApplicationOptions, startApplication } from '../application.ts'
import type { Lab } from '../case.ts'

export async function started(lab: Pick<Lab, 'clean'>, options: ApplicationOptions): Promise<Application> {
  const app = await startApplication(options)
  lab.clean(app.kill)
  return app
}
