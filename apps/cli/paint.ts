import { styleText } from 'node:util';

/** How words are set off; on anything but a terminal, and with NO_COLOR, not at all. */
export interface Paint {
  readonly added: (text: string) => string;
  readonly removed: (text: string) => string;
  readonly changed: (text: string) => string;
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
}

const same = (text: string) => text;

export const plain: Paint = { added: same, removed: same, changed: same, strong: same, faint: same };

export function paintFor(stream: NodeJS.WriteStream): Paint {
  const style = (format: Parameters<typeof styleText>[0]) => (text: string) =>
    styleText(format, text, { stream, validateStream: true });
  return {
    added: style('green'),
    removed: style('red'),
    changed: style('yellow'),
    strong: style('bold'),
    faint: style('dim'),
  };
}
