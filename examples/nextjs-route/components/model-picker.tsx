import type { ReactNode } from 'react';

import { CHAT_MODELS } from '@/lib/models.ts';

interface ModelPickerProps {
  readonly model: string;
  readonly allowed: readonly string[];
  readonly onChange: (model: string) => void;
}

/** All models, the denied ones marked. They can be chosen all the same: enforcing is the server's work. */
export function ModelPicker({ model, allowed, onChange }: ModelPickerProps): ReactNode {
  return (
    <fieldset className="picker">
      <legend>Model</legend>
      {CHAT_MODELS.map(({ id, name, note }) => {
        const isAllowed = allowed.includes(id);
        return (
          <label key={id} className={isAllowed ? '' : 'denied'}>
            <input type="radio" name="model" value={id} checked={id === model} onChange={() => onChange(id)} />
            <span className="name">{name}</span>
            <span className="note">{isAllowed ? note : 'Not allowed'}</span>
          </label>
        );
      })}
    </fieldset>
  );
}
