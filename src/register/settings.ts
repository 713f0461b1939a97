/** What the register hook can be told: by environment variables, which children inherit. */

/** Which module `net` becomes; see `docs/SWITCHING.md`. */
export type ProfileName = 'node' | 'manual';

/** The hook's options. */
export interface Settings {
  /** `BAREWIRE_PROFILE`: `node` (default), or `manual`. */
  readonly profile: ProfileName;
  /** `BAREWIRE_UNSUPPORTED`: `warn` (default) goes on with the built-in, `error` throws. */
  readonly unsupported: 'warn' | 'error';
}

function choice<Name extends string>(
  environment: NodeJS.ProcessEnv,
  variable: string,
  names: readonly [Name, ...Name[]],
): Name {
  const given = environment[variable];
  if (given === undefined || given === '') return names[0];
  const name = names.find((known) => known === given);
  if (name !== undefined) return name;
  throw new TypeError(`${variable} must be one of ${names.join(', ')}; it is '${given}'`);
}

/** Throws a `TypeError` where a variable has a value that means nothing. */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  return {
    profile: choice(environment, 'BAREWIRE_PROFILE', ['node', 'manual']),
    unsupported: choice(environment, 'BAREWIRE_UNSUPPORTED', ['warn', 'error']),
  };
}
