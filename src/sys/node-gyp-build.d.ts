/** The package has no types of its own. */
declare module 'node-gyp-build' {
  /** Finds the native file below `folder`; throws where there is none. */
  export function path(folder: string): string;
}
