/** What a rule does to a call that it matches. `warn` allows it and flags the decision and its event. */
export type Effect = 'allow' | 'deny' | 'warn';

/** What a context key is compared with: a pattern or a list of patterns for strings, or an exact number or boolean. */
export type Condition = string | readonly string[] | number | boolean;

/** Attributes of the caller that conditions look at. Only own properties that hold strings, numbers or booleans count. */
export type Context = Readonly<Record<string, unknown>>;

/**
 * One rule of a policy, in either dialect. The first rule that matches a call decides.
 *
 * A rule names what it applies to once: `effect` with `action` or `actions`, or the shorthand
 * `allow: <action>` / `deny: <action>`.
 */
export interface Rule {
  /** Name of the rule in decisions and explanations. Default: `name`, else its index in the policy. */
  readonly id?: string;
  readonly name?: string;
  readonly description?: string;
  readonly effect?: Effect;
  readonly action?: string | readonly string[];
  readonly actions?: string | readonly string[];
  /** Shorthand for `effect: 'allow'` with these actions. */
  readonly allow?: string | readonly string[];
  /** Shorthand for `effect: 'deny'` with these actions. */
  readonly deny?: string | readonly string[];
  /** Pattern or patterns of the resource. May be left out with `version: '1'`: any resource. */
  readonly resource?: string | readonly string[];
  readonly resources?: string | readonly string[];
  /** All must hold. A key that the context lacks never matches. */
  readonly conditions?: Readonly<Record<string, Condition>>;
  /** Same as `conditions`, in the file dialect. */
  readonly when?: Readonly<Record<string, Condition>>;
  /** Shown in the decision when this rule decides. */
  readonly reason?: string;
  readonly reason_code?: string;
  readonly reason_localized?: Readonly<Record<string, string>>;
  readonly escalate_on_deny?: boolean;
}

/** An ordered list of rules with a name and a place among other policies. */
export interface Policy {
  /** `'1'` selects the file dialect: `resource` is optional, and an action without a separator means the whole tool. */
  readonly version?: '1' | 1;
  readonly name?: string;
  readonly description?: string;
  /** Policies apply in ascending order of priority. Default: 100. */
  readonly priority?: number;
  /** The effect when no rule of any policy matches. Default: `'deny'`. Where policies differ, the strictest wins. */
  readonly default_action?: Effect;
  readonly default_on_missing?: string;
  readonly default_on_empty?: string;
  readonly default_on_tamper?: string;
  readonly tamper_behavior?: string;
  readonly settings?: Readonly<Record<string, string>>;
  readonly rules: readonly Rule[];
}

/** What a policy source delivers: one policy, a list of policies, or `{ policies: [...] }`. */
export type PolicyDocument = Policy | readonly Policy[] | { readonly policies: readonly Policy[] };

/** A question to the policy: may this action be done to this resource, in this context? */
export interface PolicyRequest {
  /** For example `llm.generate` or `embedding.generate`. */
  readonly action: string;
  /** For example `model/gpt-4`. */
  readonly resource: string;
  /** Attributes of the caller; `agent_id` names the agent. */
  readonly context?: Context;
  /** What the call says about itself by the metadata of its framework. It loses to `context` and to `runAs()`. */
  readonly metadata?: Context;
  /** Other names of the same resource. A deny rule matches by any of them, an allow or warn rule never. */
  readonly aliases?: readonly string[];
  /**
   * Set by whoever could not find out what would be called: why, as a sentence without foreign text.
   * Such a request is denied as `INVALID_REQUEST` whatever the policy says.
   */
  readonly fault?: string;
}
