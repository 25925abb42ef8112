// Writes the list of methods of the OpenAI client into docs/openai.md, between the markers.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { OpenAI } from 'openai';
import { OpenAI as OpenAI6 } from 'openai-6';

import type { GovernedMethods, PassingMethods } from '../test/support/openai-methods.ts';
import {
  governedMethods,
  methodsOf,
  namesOfGoverned,
  namesOfPassing,
  passingMethods,
} from '../test/support/openai-methods.ts';

const FILE = fileURLToPath(new URL('../docs/openai.md', import.meta.url));
const MARKED = /(?<=<!-- methods:start -->\n).*?(?=<!-- methods:end -->)/su;
const NEW = '†';

const options = { apiKey: 'none', adminAPIKey: 'none' };
const majors = { 7: new Set(methodsOf(new OpenAI(options))), 6: new Set(methodsOf(new OpenAI6(options))) };

function code(resource: string, methods: string): string {
  const names = methods.split(' ').map((method) => {
    const name = resource === '' ? method : `${resource}.${method}`;
    return `\`${method}\`${majors[6].has(name) ? '' : NEW}`;
  });
  return names.join(', ');
}

function resourceName(resource: string): string {
  return resource === '' ? 'the client itself' : `\`${resource}\``;
}

function governedRow({ resource, methods, http, action }: GovernedMethods): string {
  const judgedAs = action === undefined ? 'that of the route' : `\`${action}\``;
  return `| ${resourceName(resource)} | ${code(resource, methods)} | ${http} | ${judgedAs} |`;
}

function passingTable({ reason, resources }: PassingMethods): string[] {
  const rows = Object.entries(resources).map(
    ([resource, methods]) => `| ${resourceName(resource)} | ${code(resource, methods)} |`,
  );
  return [`**${reason}**`, '', '| Resource | Methods |', '| --- | --- |', ...rows, ''];
}

function counts(major: keyof typeof majors): string {
  const has = (name: string): boolean => majors[major].has(name);
  const [governed, passing] = [namesOfGoverned().filter(has).length, namesOfPassing().filter(has).length];
  return `Version ${major} has ${governed} governed methods and ${passing} that pass.`;
}

/** The part of docs/openai.md that lists the methods, as Markdown. */
export function renderMethods(): string {
  const lines = [
    '',
    `${counts(7)} ${counts(6)} Those with ${NEW} are in version 7 only.`,
    '',
    '### Governed',
    '',
    '| Resource | Methods | Request | Action |',
    '| --- | --- | --- | --- |',
    ...governedMethods.map(governedRow),
    '',
    '### Passing',
    '',
    ...passingMethods.flatMap(passingTable),
  ];
  return `${lines.join('\n')}\n`;
}

/** The part that stands in docs/openai.md; undefined when the markers are missing. */
export function writtenMethods(): string | undefined {
  return MARKED.exec(readFileSync(FILE, 'utf8'))?.[0];
}

if (import.meta.main) {
  if (writtenMethods() === undefined) throw new Error('docs/openai.md lacks the markers of the list of methods.');
  writeFileSync(FILE, readFileSync(FILE, 'utf8').replace(MARKED, renderMethods()));
  console.log('methods: docs/openai.md');
}
