import type { Attempts } from './attempt-stage.ts';
import { factoryAttempts, registryAttempts, stringAttempts } from './attempts-factories.ts';
import { functionAttempts, identityAttempts, middlewareAttempts, objectAttempts } from './attempts-models.ts';
import { newestAttempts, optionAttempts } from './attempts-options.ts';

/**
 * Every attempt, by what it uses.
 *
 * Not among them, because no wrapper can or should answer for it: a provider or model that code makes for
 * itself; a string that WorkflowAgent sends to the gateway, whatever the default provider is; a transport
 * (`fetch`, `transformRequestBody`) that sends something else than it was given; a middleware that answers
 * from a cache before anybody is asked; headers by which a gateway chooses a model; a method of a provider
 * that sends something itself instead of giving a model.
 */
export const aiSDKAttempts: Readonly<Record<string, Attempts>> = {
  'what a provider hands out': factoryAttempts,
  registries: registryAttempts,
  'ids that are strings': stringAttempts,
  functions: functionAttempts,
  middleware: middlewareAttempts,
  'the governed object': objectAttempts,
  'who is calling': identityAttempts,
  'provider options': optionAttempts,
};

/** Attempts with what version 6 does not have. */
export const newestAISDKAttempts: Readonly<Record<string, Attempts>> = { 'only in version 7': newestAttempts };
