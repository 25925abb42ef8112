import { azureAttempts } from './bypass-attempts-azure.ts';
import { binaryAttempts, encodingAttempts, keyAttempts, textAttempts } from './bypass-attempts-bodies.ts';
import { objectAttempts, rawAttempts, referenceAttempts, subclassAttempts } from './bypass-attempts-client.ts';
import { fetchOptionAttempts, methodAttempts, optionAttempts, retryAttempts } from './bypass-attempts-options.ts';
import { lookAttempts, nameAttempts, pollutionAttempts, valueAttempts } from './bypass-attempts-parameters.ts';
import { pathAttempts } from './bypass-attempts-paths.ts';
import type { Attempts } from './bypass-attempts-stage.ts';
import { admissionAttempts, serializationAttempts } from './bypass-attempts-trust.ts';

/**
 * Every attempt, by what it uses.
 *
 * Not among them, because no wrapper can or should answer for it: a client that code makes for itself, by
 * `new client.constructor(...)`, `OpenAI.prototype.withOptions.call(client, ...)` or from the key; a request
 * that code sends itself, by `fetch` or by `client.fetchWithTimeout()`; code that redefines the client's own
 * machinery after it was wrapped (`Object.defineProperty(client, 'prepareRequest', ...)`, another
 * prototype); a transport, `fetch` or dispatcher, that sends something else than it was given; accessors on
 * `Object.prototype` that make `fetch` itself another program; a server that redirects to a model what was
 * sent elsewhere; and headers by which a gateway chooses a model.
 */
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
  'serialized bodies': serializationAttempts,
  'requests on their way': admissionAttempts,
};
