import type { ModelAction } from '../../src/index.ts';

/** Methods of one resource that make a model run and come by the check. */
export interface GovernedMethods {
  /** Where the methods stand on the client; empty for the client itself. */
  readonly resource: string;
  readonly methods: string;
  readonly http: string;
  /** Undefined where the route that is called decides. */
  readonly action?: ModelAction;
}

/** Methods that pass, and why. */
export interface PassingMethods {
  readonly reason: string;
  /** Methods by resource; empty for the client itself. */
  readonly resources: Readonly<Record<string, string>>;
}

/** Every governed method of the client, of both major versions. */
export const governedMethods: readonly GovernedMethods[] = [
  {
    resource: 'chat.completions',
    methods: 'create parse stream',
    http: 'POST /chat/completions',
    action: 'llm.generate',
  },
  {
    resource: 'chat.completions',
    methods: 'runTools',
    http: 'POST /chat/completions, once per turn',
    action: 'llm.generate',
  },
  { resource: 'completions', methods: 'create', http: 'POST /completions', action: 'llm.generate' },
  { resource: 'responses', methods: 'create parse stream', http: 'POST /responses', action: 'llm.generate' },
  { resource: 'responses', methods: 'compact', http: 'POST /responses/compact', action: 'llm.generate' },
  { resource: 'beta.responses', methods: 'create', http: 'POST /responses?beta=true', action: 'llm.generate' },
  { resource: 'beta.responses', methods: 'compact', http: 'POST /responses/compact?beta=true', action: 'llm.generate' },
  { resource: 'embeddings', methods: 'create', http: 'POST /embeddings', action: 'embedding.generate' },
  { resource: '', methods: 'post put patch', http: 'any of these routes' },
  { resource: '', methods: 'get delete', http: 'any of these routes, with a body' },
  { resource: '', methods: 'request methodRequest makeRequest retryRequest', http: 'any of these routes' },
  { resource: '', methods: 'getAPIList requestAPIList', http: 'any of these routes, with a body' },
];

/** Every method that passes, of both major versions. */
export const passingMethods: readonly PassingMethods[] = [
  {
    reason: 'Reads, stores or counts; no model runs',
    resources: {
      'beta.chatkit.threads': 'retrieve list delete listItems',
      'beta.responses': 'retrieve delete cancel',
      'beta.responses.inputItems': 'list',
      'beta.responses.inputTokens': 'count',
      'chat.completions': 'retrieve update list delete',
      'chat.completions.messages': 'list',
      containers: 'create retrieve list delete',
      'containers.files': 'create retrieve list delete',
      'containers.files.content': 'retrieve',
      contentProvenanceChecks: 'create',
      conversations: 'create retrieve update delete',
      'conversations.items': 'create retrieve list delete',
      files: 'create retrieve list delete content waitForProcessing',
      models: 'retrieve list delete',
      responses: 'retrieve delete cancel',
      'responses.inputItems': 'list',
      'responses.inputTokens': 'count',
      'safety.alerts': 'retrieve',
      'safety.cases': 'retrieve',
      skills: 'create retrieve update list delete',
      'skills.content': 'retrieve',
      'skills.versions': 'create retrieve list delete',
      'skills.versions.content': 'retrieve',
      uploads: 'create cancel complete',
      'uploads.parts': 'create',
      vectorStores: 'create retrieve update list delete search',
      'vectorStores.fileBatches': 'create retrieve cancel createAndPoll listFiles poll uploadAndPoll',
      'vectorStores.files': 'create retrieve update list delete createAndPoll poll upload uploadAndPoll content',
      webhooks: 'create retrieve update list delete rotateSecret test',
      'webhooks.eventTypes': 'list',
    },
  },
  {
    reason: 'Another kind of model: images, sound, video, classification',
    resources: {
      'audio.speech': 'create',
      'audio.transcriptions': 'create',
      'audio.translations': 'create',
      'audio.voiceConsents': 'create retrieve update list delete',
      'audio.voices': 'create delete',
      decisions: 'create',
      images: 'createVariation edit generate',
      moderations: 'create',
      videos: 'create retrieve list delete createCharacter downloadContent edit extend getCharacter remix',
    },
  },
  {
    reason: 'Names its models in files or nested objects',
    resources: {
      batches: 'create retrieve list cancel',
      evals: 'create retrieve update list delete',
      'evals.runs': 'create retrieve list delete cancel',
      'evals.runs.outputItems': 'retrieve list',
      'fineTuning.alpha.graders': 'run validate',
      'fineTuning.checkpoints.permissions': 'create retrieve list delete',
      'fineTuning.jobs': 'create retrieve list cancel listEvents pause resume',
      'fineTuning.jobs.checkpoints': 'list',
    },
  },
  {
    reason: 'Assistants and agents, which the provider runs',
    resources: {
      'beta.agents': 'create retrieve update list delete',
      'beta.agents.automations': 'create retrieve update list delete pause resume',
      'beta.agents.automations.invocations': 'create retrieve list',
      'beta.agents.environments': 'create retrieve list',
      'beta.agents.environments.files': 'create list prepare upload',
      'beta.agents.environments.templates': 'create retrieve update list delete',
      'beta.agents.sessions': 'create retrieve update list delete stream',
      'beta.agents.sessions.artifacts': 'retrieve list delete content',
      'beta.agents.sessions.events': 'create stream',
      'beta.agents.sessions.items': 'list',
      'beta.agents.sessions.subagents': 'retrieve list',
      'beta.agents.sessions.subagents.items': 'list',
      'beta.agents.sessions.subagents.turns': 'retrieve list',
      'beta.agents.sessions.subagents.turns.items': 'list',
      'beta.agents.sessions.traces': 'list',
      'beta.agents.sessions.turns': 'retrieve list',
      'beta.agents.sessions.turns.items': 'list',
      'beta.agents.vaults': 'create retrieve update list delete',
      'beta.agents.vaults.credentials': 'create retrieve update list delete',
      'beta.assistants': 'create retrieve update list delete',
      'beta.chatkit.sessions': 'create cancel',
      'beta.threads': 'create retrieve update delete createAndRun createAndRunPoll createAndRunStream',
      'beta.threads.messages': 'create retrieve update list delete',
      'beta.threads.runs':
        'create createAndPoll createAndStream retrieve update list cancel poll stream submitToolOutputs submitToolOutputsAndPoll submitToolOutputsStream',
      'beta.threads.runs.steps': 'retrieve list',
    },
  },
  {
    reason: 'Opens or steers a session that does not run over HTTP requests',
    resources: {
      'beta.realtime.sessions': 'create',
      'beta.realtime.transcriptionSessions': 'create',
      live: 'create',
      'live.sessions': 'accept downloadRecording fork hangup refer reject',
      'realtime.calls': 'create accept hangup refer reject',
      'realtime.clientSecrets': 'create',
      'realtime.translations.clientSecrets': 'create',
    },
  },
  {
    reason: 'Administers an organization',
    resources: {
      'admin.organization.adminAPIKeys': 'create retrieve list delete',
      'admin.organization.auditLogs': 'list',
      'admin.organization.certificates': 'create retrieve update list delete activate deactivate',
      'admin.organization.dataRetention': 'retrieve update',
      'admin.organization.externalKeys': 'create retrieve list delete validate',
      'admin.organization.externalStorage': 'create retrieve list delete validate',
      'admin.organization.groups': 'create retrieve update list delete',
      'admin.organization.groups.roles': 'create retrieve list delete',
      'admin.organization.groups.users': 'create retrieve list delete',
      'admin.organization.invites': 'create retrieve list delete',
      'admin.organization.projects': 'create retrieve update list archive',
      'admin.organization.projects.apiKeys': 'retrieve update list delete',
      'admin.organization.projects.certificates': 'list activate deactivate',
      'admin.organization.projects.dataRetention': 'retrieve update',
      'admin.organization.projects.groups': 'create retrieve list delete',
      'admin.organization.projects.groups.roles': 'create retrieve list delete',
      'admin.organization.projects.hostedToolPermissions': 'retrieve update',
      'admin.organization.projects.modelPermissions': 'retrieve update delete',
      'admin.organization.projects.rateLimits': 'listRateLimits updateRateLimit',
      'admin.organization.projects.roles': 'create retrieve update list delete',
      'admin.organization.projects.serviceAccounts': 'create retrieve update list delete',
      'admin.organization.projects.serviceAccounts.apiKeys': 'create',
      'admin.organization.projects.serviceTierSettings': 'retrieve update',
      'admin.organization.projects.spendAlerts': 'create retrieve update list delete',
      'admin.organization.projects.spendLimit': 'retrieve update delete',
      'admin.organization.projects.users': 'create retrieve update list delete',
      'admin.organization.projects.users.roles': 'create retrieve list delete',
      'admin.organization.roles': 'create retrieve update list delete',
      'admin.organization.spendAlerts': 'create retrieve update list delete',
      'admin.organization.spendLimit': 'retrieve update delete',
      'admin.organization.usage':
        'audioSpeeches audioTranscriptions codeInterpreterSessions completions costs decisions embeddings fileSearchCalls images moderations vectorStores webSearchCalls',
      'admin.organization.users': 'retrieve update list delete',
      'admin.organization.users.roles': 'create retrieve list delete',
      'admin.organization.workloadIdentityProviders': 'create retrieve update list delete',
      'admin.organization.workloadIdentityProviders.federationRules': 'create retrieve update list delete',
    },
  },
  {
    reason: 'Sends nothing',
    resources: {
      '': 'withOptions defaultQuery validateHeaders authHeaders bearerAuth adminAPIKeyAuth stringifyQuery getUserAgent defaultIdempotencyKey makeStatusError buildURL prepareOptions prepareRequest responsePromise parseResponseWithTimeout readX509ResponseError shouldRetry calculateDefaultRetryTimeoutMillis buildRequest buildHeaders buildBody',
      'beta.agents.sessions.artifacts': 'forResult',
      webhooks: 'unwrap verifySignature',
    },
  },
  {
    reason: 'Sends what it is given, below the check, as `fetch` itself does',
    resources: { '': 'fetch fetchWithAuth fetchWithTimeout' },
  },
];

function named(resource: string, methods: string): string[] {
  return methods.split(' ').map((method) => (resource === '' ? method : `${resource}.${method}`));
}

/** The names of all governed methods. */
export function namesOfGoverned(): string[] {
  return governedMethods.flatMap(({ resource, methods }) => named(resource, methods));
}

/** The names of all methods that pass; of those with one reason where it is given. */
export function namesOfPassing(onlyReason?: string): string[] {
  const groups = passingMethods.filter(({ reason }) => onlyReason === undefined || reason === onlyReason);
  return groups.flatMap(({ resources }) =>
    Object.entries(resources).flatMap(([resource, methods]) => named(resource, methods)),
  );
}

function namesOn(object: object): Set<string> {
  const names = new Set<string>();
  for (let at: object = object; at !== Object.prototype; at = Object.getPrototypeOf(at) as object)
    for (const name of Object.getOwnPropertyNames(at)) names.add(name);
  return names;
}

/** Finds every public method of a client and its resources by reflection, own and inherited. */
export function methodsOf(client: object, path = ''): string[] {
  const names = [...namesOn(client)].filter((name) => !name.startsWith('_') && name !== 'constructor');
  return names.flatMap((name) => {
    const value: unknown = Reflect.get(client, name);
    const here = path === '' ? name : `${path}.${name}`;
    if (typeof value === 'function') return [here];
    const isResource = typeof value === 'object' && value !== null && '_client' in value;
    return isResource ? methodsOf(value, here) : [];
  });
}
