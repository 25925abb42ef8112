/** Whether this is the long run, `npm run test:soak`. */
export const isSoak: boolean = process.env['SOAK'] === '1';

/** How often something is repeated: bounded in `npm test`, in full in `npm run test:soak`. */
export function repeats(bounded: number, full: number): number {
  return isSoak ? full : bounded;
}
