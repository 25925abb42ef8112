import { azureAttempts } from './bypass-attempts-azure.ts';
import { binaryAttempts, encodingAttempts, keyAttempts, textAttempts } from './bypass-attempts-bodies.ts';
import { objectAttempts, rawAttempts, referenceAttempts, subclassAttempts } from './bypass-attempts-client.ts';
import { fetchOptionAttempts, methodAttempts, optionAttempts, retryAttempts } from './bypass-attempts-options.ts';
import { lookAttempts, nameAttempts, pollutionAttempts, valueAttempts } from './bypass-attempts-parameters.ts';
import { pathAttempts } from './bypass-attempts-paths.ts';
import type { Attempts } from './bypass-attempts-stage.ts';

/** Every attempt, by what it uses. */
export const bypassAttempts: Readonly<Record<string, Attempts>> = {
  'names of models': nameAttempts,
  'values that are no text': valueAttempts,
  'parameters that change': lookAttempts,
  'polluted prototypes': pollutionAttempts,
  'request options': optionAttempts,
  'fetch options': fetchOptionAttempts,
  'HTTP methods': methodAttempts,
  'retries and turns': retryAttempts,
  'raw methods of the client': rawAttempts,
  'references to the client': referenceAttempts,
  'copies of and changes to the client': objectAttempts,
  subclasses: subclassAttempts,
  'keys of the body': keyAttempts,
  'text of the body': textAttempts,
  'binary bodies': binaryAttempts,
  'encodings of the body': encodingAttempts,
  paths: pathAttempts,
  Azure: azureAttempts,
};
