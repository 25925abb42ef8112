import type { Bench } from './bench-case.ts';
import { asyncCase, syncCase } from './bench-case.ts';

/** What calls cost that do nothing. */
export const floor: Bench = {
  name: 'floor',
  open: async () => [
    {
      title: 'The floor: calls that do nothing',
      cases: [
        syncCase('a bare function call', () => 'answer'),
        asyncCase('a bare function call, awaited', async () => 'answer'),
      ],
    },
  ],
};
