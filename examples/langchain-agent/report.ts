/** One decision that was made while a task was under way. */
export interface DecisionRow {
  readonly agent: string;
  readonly action: string;
  readonly resource: string;
  readonly decision: string;
  readonly rule: string;
  readonly reason: string;
}

/** What an agent was asked to do, and what became of it. */
export interface TaskReport {
  readonly scene: string;
  readonly task: string;
  readonly decisions: readonly DecisionRow[];
  /** Requests that reached the provider because of this task. */
  readonly requests: number;
  /** The answer, or the message of the denial that ended the task. */
  readonly outcome: string;
  readonly isDenied: boolean;
}

const COLUMNS = [
  ['agent', 16],
  ['action', 19],
  ['resource', 31],
  ['decision', 9],
  ['rule', 17],
  ['reason', 13],
] as const;

function line(cells: readonly string[]): string {
  return `  ${cells.map((cell, index) => cell.padEnd(COLUMNS[index]?.[1] ?? 0)).join(' ')}`.trimEnd();
}

/** Tasks scene by scene, as tables for a terminal. */
export function formatTasks(tasks: readonly TaskReport[]): string {
  const names = COLUMNS.map(([name]) => name);
  return tasks
    .map(({ scene, task, decisions, requests, outcome, isDenied }, index) =>
      [
        ...(tasks[index - 1]?.scene === scene ? [] : [`== ${scene}`, '']),
        task,
        line(names),
        ...decisions.map((decision) => line(names.map((name) => decision[name]))),
        `  requests that reached the provider: ${requests}; ${isDenied ? 'denied' : 'answer'}: ${outcome}`,
        '',
      ].join('\n'),
    )
    .join('\n');
}
