/** TypeScript's language server, asked what an editor shows. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc');
const HEADER_END = '\r\n\r\n';

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly result?: { readonly contents?: { readonly value: string } } | null;
}

export class LanguageServer {
  private readonly child: ChildProcessWithoutNullStreams;
  private received = Buffer.alloc(0);
  private readonly answers = new Map<number, (message: Message) => void>();
  private lastId = 0;

  constructor(private readonly folder: string) {
    this.child = spawn(process.execPath, [tsc, '--lsp', '--stdio'], { cwd: folder });
    this.child.stdout.on('data', (chunk: Buffer) => this.take(chunk));
  }

  private send(message: object): void {
    const text = JSON.stringify({ jsonrpc: '2.0', ...message });
    this.child.stdin.write(`Content-Length: ${Buffer.byteLength(text)}${HEADER_END}${text}`);
  }

  private take(chunk: Buffer): void {
    this.received = Buffer.concat([this.received, chunk]);
    for (;;) {
      const end = this.received.indexOf(HEADER_END);
      if (end < 0) return;
      const from = end + HEADER_END.length;
      const length = Number(/Content-Length: (\d+)/i.exec(this.received.toString('latin1'))?.[1]);
      if (this.received.length < from + length) return;
      const body = this.received.subarray(from, from + length);
      this.received = this.received.subarray(from + length);
      this.dispatch(JSON.parse(body.toString()) as Message);
    }
  }

  private dispatch({ id, method, ...rest }: Message): void {
    if (id === undefined) return;
    if (method !== undefined) this.send({ id, result: null });
    else this.answers.get(id)?.(rest);
  }

  private ask(method: string, params: object): Promise<Message> {
    const id = ++this.lastId;
    this.send({ id, method, params });
    return new Promise((resolve) => this.answers.set(id, resolve));
  }

  /**
   * Opens a file that exists only in the editor. Returns a function that gives the hover of the
   * character behind the first `before` in its text.
   */
  async open(name: string, text: string): Promise<(before: string) => Promise<string>> {
    const uri = pathToFileURL(join(this.folder, name)).href;
    const rootUri = pathToFileURL(this.folder).href;
    const capabilities = { textDocument: { hover: { contentFormat: ['markdown'] } } };
    await this.ask('initialize', { processId: process.pid, rootUri, capabilities });
    this.send({ method: 'initialized', params: {} });
    const textDocument = { uri, languageId: 'typescript', version: 1, text };
    this.send({ method: 'textDocument/didOpen', params: { textDocument } });
    const lines = text.split('\n');
    return async (before) => {
      const line = lines.findIndex((each) => each.includes(before));
      const character = (lines[line]?.indexOf(before) ?? 0) + before.length;
      const position = { line, character };
      const { result } = await this.ask('textDocument/hover', { textDocument: { uri }, position });
      return result?.contents?.value ?? '';
    };
  }

  stop(): void {
    this.child.kill();
  }
}
