import type { Output } from '../output.js';
import { readSubjects } from './read-subjects.js';
import { renderPreview } from './render-preview.js';
import type { RequestsApi } from './requests-api.js';

/** `lethe requests preview`: exit code 0 when everything was counted, 1 when something could not be. */
export async function runPreview(
  api: RequestsApi,
  { people, timeout }: { readonly people: readonly string[]; readonly timeout: number },
  output: Output,
): Promise<number> {
  const preview = await api.preview(await readSubjects(people), timeout);
  if (output.json === undefined) for (const line of renderPreview(preview, output.paint)) output.say(line);
  else output.json(preview);
  return preview.state === 'counted' ? 0 : 1;
}
