/** An inclusion proof with the checkpoint it leads to (C2SP tlog-proof@v1). */
export interface TlogProof {
  readonly index: bigint;
  readonly hashes: readonly Buffer[];
  /** The signed note. */
  readonly checkpoint: string;
}

const header = 'c2sp.org/tlog-proof@v1';

export function formatProof({ index, hashes, checkpoint }: TlogProof): string {
  return `${[header, `index ${index}`, ...hashes.map((hash) => hash.toString('base64'))].join('\n')}\n\n${checkpoint}`;
}

/** Undefined when the text is not a proof. */
export function parseProof(text: string): TlogProof | undefined {
  const end = text.indexOf('\n\n');
  if (end < 0) return undefined;
  const [first, ...lines] = text.slice(0, end).split('\n');
  if (first !== header) return undefined;
  if (lines[0]?.startsWith('extra ') === true) lines.shift();
  const [, index] = /^index (0|[1-9][0-9]{0,18})$/.exec(lines.shift() ?? '') ?? [];
  const hashes = lines.map((line) => ({ line, hash: Buffer.from(line, 'base64') }));
  const sound = hashes.every(({ line, hash }) => hash.length === 32 && hash.toString('base64') === line);
  if (index === undefined || !sound || hashes.length > 63) return undefined;
  return { index: BigInt(index), hashes: hashes.map(({ hash }) => hash), checkpoint: text.slice(end + 2) };
}
