/** The package has no types of its own. */
declare module 'node-gyp-build' {
  /** Finds and loads the native file below `folder`; throws where there is none. */
  export default function load(folder: string): unknown;
}
